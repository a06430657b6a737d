package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostInTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://example.org",
        "https://example.org",
        "https://example.org/",
        "HTTPS://EXAMPLE.ORG/a",
        "https://example.org:443/a?b#c",
        "http://example.org:80",
        "https://example.org?x=evil.com",
        "https://example.org#evil.com",
        "https://example.org/?x=@evil.com",
        "https://example.org/#@evil.com",
        "https://example.org/@evil.com",
        "https://example.org/é",
        "https://a.sub.example.net/x",
        "https://www.sub.example.net",
      })
  void listedHostIsTrue(String url) throws MalformedValue {
    assertThat(hosts("example.org", "*.sub.example.net").test(url)).isEqualTo(Truth.TRUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.com/",
        "https://example.org.evil.com/",
        "https://evilexample.org/",
        "https://www.example.org/",
        "https://sub.example.net/",
        "https://xn--exmple-cua.org/",
        "https://evil.com?example.org",
        "https://evil.com#example.org",
        "http://localhost/",
      })
  void otherHostIsFalse(String url) throws MalformedValue {
    assertThat(hosts("example.org", "*.sub.example.net").test(url)).isEqualTo(Truth.FALSE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "example.org",
        "//example.org",
        "ftp://example.org/",
        "https://example.org?x=@evil.com",
        "https://example.org#@evil.com",
        "https://evil.com#@example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:example.org",
        "http:/example.org",
        "http:///example.org",
        "http:\\\\example.org",
        "https://example.org\\@evil.com",
        "https://evil.com\\.example.org",
        "https://user@example.org/",
        "https://user:pw@example.org/",
        "https://example.org@evil.com/",
        "https://example.org:pw@evil.com/",
        "https://@example.org/",
        "https://example.org:8443/",
        "https://example.org:80/",
        "http://example.org:443/",
        "https://example.org:/",
        "https://example.org:0443/",
        "https://example.org:65536/",
        "https://example.org:99999999999/",
        "https://example.org./",
        "https://example..org/",
        "https://.example.org/",
        "https://-example.org/",
        "https://exa%6dple.org/",
        "https://example.org%2f@evil.com",
        "https://ex\u0430mple.org/",
        "https://\uFF45xample.org/",
        "https://example\u3002org/",
        "https://example.org\u2044@evil.com/",
        " https://example.org/",
        "https://example.org/ ",
        "https://example.org/a b",
        "https://exam\tple.org/",
        "https://example.org/\n",
        "https://example.org/\u0000",
        "https://example.org/\u200B",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://example.1/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://?example.org",
        "https://",
      })
  void ambiguousUrlIsIndeterminate(String url) throws MalformedValue {
    assertThat(hosts("example.org", "*.sub.example.net").test(url)).isEqualTo(Truth.INDETERMINATE);
  }

  @ParameterizedTest
  @CsvSource({
    "example.org:8443, https://example.org:8443/, TRUE",
    "example.org:8443, http://example.org:8443/, TRUE",
    "example.org:8443, https://example.org/, FALSE",
    "example.org:443, https://example.org/, TRUE",
    "192.0.2.1, http://192.0.2.1/x, TRUE",
    "192.0.2.1, http://192.0.2.2/x, INDETERMINATE",
    "192.0.2.1, http://192.0.2.1:8080/x, INDETERMINATE",
    "192.0.2.1:8080, http://192.0.2.1:8080/x, TRUE",
    "'[2001:db8::1]', 'http://[2001:DB8:0:0::1]/', TRUE",
    "'[2001:db8::1]', 'http://[2001:db8::2]/', INDETERMINATE",
    "'[::ffff:192.0.2.1]', 'http://[::ffff:c000:201]/', TRUE",
    "deploy@example.org, https://deploy@example.org/, TRUE",
    "deploy@example.org, https://other@example.org/, INDETERMINATE",
    "deploy@example.org, https://example.org/, FALSE",
    "EXAMPLE.org, https://example.ORG/, TRUE",
  })
  void entryNamesPortsAddressesAndUsersExactly(String entry, String url, Truth expected)
      throws MalformedValue {
    assertThat(hosts(entry).test(url)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "*.",
        "*.*.org",
        "https://example.org",
        "example.org/",
        "ex*mple.org",
        "exämple.org",
        "*.192.0.2.1",
        "[::1",
        "1.2.3",
        "0x7f.1",
        "example.org:",
        "example.org:0",
        "example.org:70000",
        "example.org.",
      })
  void unclearEntryIsRefused(String entry) {
    assertThatThrownBy(() -> hosts(entry)).isInstanceOf(MalformedValue.class);
  }

  @Test
  void veryLongUrlIsIndeterminate() throws MalformedValue {
    assertThat(hosts("a.org").test("https://a.org/" + "x".repeat(HostIn.MAX_LENGTH)))
        .isEqualTo(Truth.INDETERMINATE);
  }

  private static HostIn hosts(String... hosts) throws MalformedValue {
    return HostIn.of(List.of(hosts));
  }
}
