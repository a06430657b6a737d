package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathWithinTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/data",
        "/srv/data/",
        "/srv/data/a.txt",
        "/srv//data///a.txt",
        "/srv/./data/./a.txt",
        "/srv/data/b/../a.txt",
        "/srv/other/../data/a.txt",
        "/../srv/data/a.txt",
        "/srv/data/%61.txt",
        "/srv/data/100%",
        "/srv/data/a b.txt",
        "/srv/data/.hidden",
        "/srv/data/..hidden",
        "/srv/data/10:30.txt",
        "/srv/data/été.txt",
        "/srv/data/b%2Fa.txt",
      })
  void pathInsideIsTrue(String path) throws MalformedValue {
    assertThat(within("/srv/data").test(path)).isEqualTo(Truth.TRUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/srv",
        "/srv/data2/a.txt",
        "/srv/data-old",
        "/etc/passwd",
        "/srv/data/../../etc/passwd",
        "/srv/data/../data2",
        "/srv/dat",
        "/srv/data\\..\\..\\etc",
      })
  void pathOutsideIsFalse(String path) throws MalformedValue {
    assertThat(within("/srv/data").test(path)).isEqualTo(Truth.FALSE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a.txt",
        "srv/data/a.txt",
        "./a.txt",
        "../srv/data/a.txt",
        "~/a.txt",
        "~root/a.txt",
        "/srv/data/..;/..;/etc/passwd",
        "/srv/data/..;x=1/etc/passwd",
        "/srv/data/..%3b/etc/passwd",
        "/srv/data/.;/a.txt",
        "/srv/data/....//....//etc/passwd",
        "/srv/data/%2e%2e/etc/passwd",
        "/srv/data/%2e%2e%2fetc",
        "/srv/data/..%2f..%2fetc/passwd",
        "/srv/data/%252e%252e%252fetc",
        "/srv/data/%25252e%25252e/x",
        "/srv/data/%2525252525252e/x",
        "/srv/data/..\\..\\etc\\passwd",
        "/srv/data/..%5c..%5cetc",
        "/srv/data/%c0%ae%c0%ae/etc",
        "/srv/data/%c0%af",
        "/srv/data/%u002e%u002e/etc",
        "/srv/data/a\u0000.txt",
        "/srv/data/a%00.txt",
        "/srv/data/a\n",
        "/srv/data/a\tb",
        "/srv/data/\u007f",
        " /srv/data/a.txt",
        "/srv/data/a.txt ",
        "/srv/data/ a.txt",
        "/srv/data /a.txt",
        "/srv/data./a.txt",
        "/srv/data/.../a.txt",
        "/srv/data/.. /a.txt",
        "/srv/data/a.txt.",
        "//srv/data/a.txt",
        "\\\\?\\C:\\x",
        "\\\\server\\share",
        "\\/server/share",
        "/\\server/share",
        "\\srv\\data\\a.txt",
        "C:\\srv\\data",
        "C:/srv/data/a.txt",
        "c:srv/data",
        "file:///srv/data/a.txt",
        "/SRV/data/a.txt",
        "/srv/DATA",
        "/srv/data/a::$DATA",
        "/srv/data:$I30:$INDEX_ALLOCATION/x",
        "/srv/PROGRA~1/x",
        "/srv/data/\uFF0E\uFF0E/x",
        "/srv/data\u2215..\u2215x",
        "/srv/data/\u202E",
        "/srv/da\u200Bta/x",
        "/srv/ｄａｔａ/x",
        "$HOME/a",
        "/srv/data/${x}",
        "%2Fsrv%2Fdata%2Fa.txt",
      })
  void ambiguousPathIsIndeterminate(String path) throws MalformedValue {
    assertThat(within("/srv/data").test(path)).isEqualTo(Truth.INDETERMINATE);
  }

  @Test
  void veryLongPathIsIndeterminate() throws MalformedValue {
    assertThat(within("/srv").test("/srv/" + "a".repeat(PathWithin.MAX_LENGTH)))
        .isEqualTo(Truth.INDETERMINATE);
  }

  @Test
  void rootHoldsEveryPlainPath() throws MalformedValue {
    assertThat(within("/").test("/etc/passwd")).isEqualTo(Truth.TRUE);
    assertThat(within("/").test("etc/passwd")).isEqualTo(Truth.INDETERMINATE);
  }

  @Test
  void relativeDirectoryHoldsRelativePaths() throws MalformedValue {
    // Given
    PathWithin src = within("src", "docs/public");

    // Then
    assertThat(src.test("src/a.java")).isEqualTo(Truth.TRUE);
    assertThat(src.test("./src/a.java")).isEqualTo(Truth.TRUE);
    assertThat(src.test("docs/public/x")).isEqualTo(Truth.TRUE);
    assertThat(src.test("docs/private/x")).isEqualTo(Truth.FALSE);
    assertThat(src.test("src/../etc")).isEqualTo(Truth.FALSE);
    assertThat(src.test("src/../../etc")).isEqualTo(Truth.INDETERMINATE);
    assertThat(src.test("/src/a.java")).isEqualTo(Truth.INDETERMINATE);
  }

  @Test
  void driveHoldsPathsOfEitherSeparator() throws MalformedValue {
    // Given
    PathWithin data = within("C:/data");

    // Then
    assertThat(data.test("C:/data/x")).isEqualTo(Truth.TRUE);
    assertThat(data.test("c:/data/x")).isEqualTo(Truth.TRUE);
    assertThat(data.test("D:/data/x")).isEqualTo(Truth.FALSE);
    assertThat(data.test("C:/DATA/x")).isEqualTo(Truth.INDETERMINATE);
    assertThat(data.test("C:data/x")).isEqualTo(Truth.INDETERMINATE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "..", "../x", "a%2f", "\\srv", "//srv", "~", "/srv/a.", " /srv", "C:x"})
  void unclearDirectoryIsRefused(String directory) {
    assertThatThrownBy(() -> within(directory)).isInstanceOf(MalformedValue.class);
  }

  private static PathWithin within(String... directories) throws MalformedValue {
    return PathWithin.of(List.of(directories));
  }
}
