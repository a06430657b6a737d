package dev.tallygate.policy;

import java.util.List;

/**
 * Hosts that a URL may lead to, read as the operator {@code host_in} reads them. Immutable and
 * thread-safe.
 */
public final class UrlHosts {
  private final HostIn hosts;

  private UrlHosts(HostIn hosts) {
    this.hosts = hosts;
  }

  /**
   * @throws IllegalArgumentException if one of them is not a host; its message says how to write it
   */
  public static UrlHosts of(List<String> hosts) {
    try {
      return new UrlHosts(HostIn.of(hosts));
    } catch (MalformedValue e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** Whether it is an http or https URL on one of the hosts, to every parser. */
  public boolean cover(String url) {
    return hosts.test(url) == Truth.TRUE;
  }
}
