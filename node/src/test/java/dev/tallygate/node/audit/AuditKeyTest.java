package dev.tallygate.node.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditKeyTest {
  @TempDir Path directory;

  @Test
  void newKeyIsThirtyTwoBytesForItsOwnerAlone() throws IOException {
    // Given
    Path file = directory.resolve("audit.key");
    // When
    AuditKey.create(file);
    // Then
    assertThat(Files.readString(file)).matches("[0-9a-f]{64}\n");
    assertThat(mode(file)).isEqualTo("rw-------");
    assertThat(directory.toFile().list()).containsExactly("audit.key");
  }

  @Test
  void keyThatIsThereIsNeverReplaced() throws IOException {
    // Given
    Path file = directory.resolve("audit.key");
    AuditKey first = AuditKey.create(file);
    // When
    AuditKey second = AuditKey.create(file);
    // Then
    assertThat(second.digest(new byte[1])).isEqualTo(first.digest(new byte[1]));
  }

  @Test
  void keyThatOthersCanReachIsRefusedWithTheCure() throws IOException {
    Path file = directory.resolve("audit.key");
    AuditKey.create(file);
    for (String mode : new String[] {"rw-r--r--", "rw-----w-", "rw-rw----", "rw------x"}) {
      // Given
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      // When // Then
      assertThatThrownBy(() -> AuditKey.read(file))
          .as(mode)
          .hasMessageContaining("chmod 600 " + file);
    }
  }

  @Test
  void secretMountedByRootMayBeReadByItsGroup() throws IOException {
    // Given
    Path file = directory.resolve("audit.key");
    AuditKey.create(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
    Assumptions.assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(file, "unix:uid")), "only root can own it");
    // When // Then
    assertThatCode(() -> AuditKey.read(file)).doesNotThrowAnyException();
  }

  @Test
  void malformedKeyIsRefused() throws IOException {
    for (String text : new String[] {"", "00", "0".repeat(63), "0".repeat(66), "g".repeat(64)}) {
      // Given
      Path file = directory.resolve("audit.key");
      Files.deleteIfExists(file);
      AuditKey.create(file);
      Files.writeString(file, text);
      // When // Then
      assertThatThrownBy(() -> AuditKey.read(file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("hexadecimal digits");
    }
  }

  @Test
  void missingKeyIsNamed() {
    assertThatThrownBy(() -> AuditKey.read(directory.resolve("none.key")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("none.key")
        .hasMessageContaining("--key");
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
