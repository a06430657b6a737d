package dev.tallygate.policy;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether a text is an absolute http or https URL whose host is one of the given.
 *
 * <p>URL parsers differ in what they repair: backslashes, missing slashes, white space, numeric and
 * percent-encoded hosts (compare RFC 3986 with the WHATWG URL standard). So only URLs that every
 * parser reads alike are judged; anything else is indeterminate. User information, IP literals and
 * ports other than the scheme's own are indeterminate too, unless an entry names exactly them.
 */
final class HostIn {
  static final int MAX_LENGTH = 8_192;

  private static final Pattern NAME =
      Pattern.compile(
          "[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*");
  private static final Pattern AUTHORITY =
      Pattern.compile(
          "(?:(?<user>[A-Za-z0-9._-]+)@)?"
              + "(?<host>\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)"
              + "(?::(?<port>[1-9][0-9]{0,4}))?");
  private static final Pattern IPV4 =
      Pattern.compile(
          "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}");
  private static final Pattern NUMERIC = Pattern.compile("[0-9]+|0x[0-9a-f]*");

  private final List<Authority> entries;

  private HostIn(List<Authority> entries) {
    this.entries = entries;
  }

  /** Hosts as a policy names them, or what is wrong with one of them. */
  static HostIn of(List<String> hosts) throws MalformedValue {
    List<Authority> entries = new ArrayList<>();
    for (String host : hosts) {
      boolean subdomains = host.startsWith("*.");
      Optional<Authority> entry =
          Authority.parse(subdomains ? host.substring(2) : host, subdomains);
      if (entry.isEmpty() || (subdomains && entry.get().isAddress())) {
        throw new MalformedValue(
            "a host is written as \"example.org\", \"*.example.org\", \"example.org:8443\","
                + " \"192.0.2.1\" or \"[2001:db8::1]\", without a scheme or a path; one with other"
                + " than ASCII letters in its \"xn--\" form");
      }
      entries.add(entry.get());
    }
    return new HostIn(entries);
  }

  Truth test(String url) {
    int schemeLength = schemeLength(url);
    if (schemeLength < 0 || url.length() > MAX_LENGTH) {
      return Truth.INDETERMINATE;
    }
    int end = schemeLength;
    for (int i = 0; i < url.length(); i++) {
      char c = url.charAt(i);
      if (c <= 0x20 || c == 0x7F || c == '\\' || isInvisible(c)) {
        return Truth.INDETERMINATE;
      }
      boolean inAuthority = i >= schemeLength && i == end;
      if (inAuthority && c != '/' && c != '?' && c != '#') {
        end++;
      }
    }
    Authority asked = Authority.parse(url.substring(schemeLength, end), false).orElse(null);
    // Some parsers look for "@" beyond "?" and "#" where no path comes first.
    boolean pathless = end < url.length() && url.charAt(end) != '/';
    if (asked == null || (pathless && url.indexOf('@', end) >= 0)) {
      return Truth.INDETERMINATE;
    }
    int ownPort = schemeLength == "https://".length() ? 443 : 80;
    int port = asked.port == Authority.ANY_PORT ? ownPort : asked.port;
    boolean ordinary = port == ownPort && !asked.isAddress() && asked.user == null;
    for (Authority entry : entries) {
      if (entry.covers(asked, port, port == ownPort)) {
        return Truth.TRUE;
      }
    }
    return ordinary ? Truth.FALSE : Truth.INDETERMINATE;
  }

  private static int schemeLength(String url) {
    if (url.regionMatches(true, 0, "http://", 0, 7)) {
      return 7;
    }
    return url.regionMatches(true, 0, "https://", 0, 8) ? 8 : -1;
  }

  private static boolean isInvisible(char c) {
    if (c < 0x80) {
      return false;
    }
    int type = Character.getType(c);
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || type == Character.FORMAT
        || type == Character.CONTROL;
  }

  /** User, host and port of a URL or of an entry. */
  private record Authority(
      String user, String host, BigInteger ipv6, boolean subdomains, int port) {
    static final int ANY_PORT = 0;

    static Optional<Authority> parse(String text, boolean subdomains) {
      Matcher matcher = AUTHORITY.matcher(text);
      if (!matcher.matches()) {
        return Optional.empty();
      }
      String host = matcher.group("host").toLowerCase(Locale.ROOT);
      int port = matcher.group("port") == null ? ANY_PORT : Integer.parseInt(matcher.group("port"));
      if (port > 65_535) {
        return Optional.empty();
      }
      if (host.startsWith("[")) {
        return ipv6Bits(host.substring(1, host.length() - 1))
            .map(bits -> new Authority(matcher.group("user"), "", bits, subdomains, port));
      }
      if (host.length() > 253 || !NAME.matcher(host).matches()) {
        return Optional.empty();
      }
      // A last label that is a number makes the whole host an IPv4 address in some parsers.
      String lastLabel = host.substring(host.lastIndexOf('.') + 1);
      if (NUMERIC.matcher(lastLabel).matches() && !IPV4.matcher(host).matches()) {
        return Optional.empty();
      }
      return Optional.of(new Authority(matcher.group("user"), host, null, subdomains, port));
    }

    boolean isAddress() {
      return ipv6 != null || IPV4.matcher(host).matches();
    }

    boolean covers(Authority asked, int port, boolean ownPort) {
      boolean sameUser = user == null ? asked.user == null : user.equals(asked.user);
      boolean samePort = this.port == ANY_PORT ? ownPort : this.port == port;
      if (!sameUser || !samePort) {
        return false;
      }
      if (ipv6 != null || asked.ipv6 != null) {
        return ipv6 != null && ipv6.equals(asked.ipv6);
      }
      return subdomains ? asked.host.endsWith("." + host) : asked.host.equals(host);
    }
  }

  /** The 128 bits of an IPv6 address as text (RFC 4291, section 2.2). */
  private static Optional<BigInteger> ipv6Bits(String text) {
    int gap = text.indexOf("::");
    if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
      return Optional.empty();
    }
    List<Integer> head = groups(gap < 0 ? text : text.substring(0, gap), gap < 0);
    List<Integer> tail = gap < 0 ? List.of() : groups(text.substring(gap + 2), true);
    if (head == null || tail == null) {
      return Optional.empty();
    }
    int missing = 8 - head.size() - tail.size();
    if (gap < 0 ? missing != 0 : missing < 1) {
      return Optional.empty();
    }
    BigInteger bits = BigInteger.ZERO;
    for (int group : head) {
      bits = bits.shiftLeft(16).or(BigInteger.valueOf(group));
    }
    bits = bits.shiftLeft(16 * missing);
    for (int group : tail) {
      bits = bits.shiftLeft(16).or(BigInteger.valueOf(group));
    }
    return Optional.of(bits);
  }

  private static List<Integer> groups(String text, boolean mayEndInIpv4) {
    List<Integer> groups = new ArrayList<>();
    if (text.isEmpty()) {
      return groups;
    }
    String[] parts = text.split(":", -1);
    for (int i = 0; i < parts.length; i++) {
      if (mayEndInIpv4 && i == parts.length - 1 && IPV4.matcher(parts[i]).matches()) {
        String[] bytes = parts[i].split("\\.");
        groups.add(Integer.parseInt(bytes[0]) << 8 | Integer.parseInt(bytes[1]));
        groups.add(Integer.parseInt(bytes[2]) << 8 | Integer.parseInt(bytes[3]));
      } else if (parts[i].matches("[0-9a-f]{1,4}")) {
        groups.add(Integer.parseInt(parts[i], 16));
      } else {
        return null;
      }
    }
    return groups;
  }
}
