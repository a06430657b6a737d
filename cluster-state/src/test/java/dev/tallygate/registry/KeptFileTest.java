package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptFileTest {
  private static final Vote VOTE =
      new Vote(new Ballot(7, "someone"), new Edition(3, "{\"grants\":[{\"label\":\"é\"}]}"));

  @TempDir Path folder;

  @Test
  void whatWasWrittenLastIsRead() throws IOException {
    // Given
    try (KeptFile file = KeptFile.in(folder.resolve("data"))) {
      assertThat(file.read()).isEmpty();
      file.write(new Vote(new Ballot(6, "another"), new Edition(2, "{}")));
      file.write(VOTE);
    }

    // When
    try (KeptFile again = KeptFile.in(folder.resolve("data"))) {
      // Then
      assertThat(again.read()).contains(VOTE);
      assertThat(folder.resolve("data")).isDirectoryContaining(p -> p.endsWith("registry.json"));
      assertThat(folder.resolve("data"))
          .isDirectoryNotContaining(p -> p.toString().endsWith(".tmp"));
    }
  }

  @Test
  void everyDamageIsFoundAndNamesTheFileAndTheCure() throws IOException {
    // Given
    Path written = folder.resolve("registry.json");
    try (KeptFile file = KeptFile.in(folder)) {
      file.write(VOTE);
      byte[] whole = Files.readAllBytes(written);

      for (int i = 0; i < whole.length; i++) {
        // When
        byte[] damaged = whole.clone();
        damaged[i] ^= 1;
        Files.write(written, damaged);

        // Then
        assertThatThrownBy(file::read)
            .isInstanceOf(RegistryDamaged.class)
            .hasMessageStartingWith(written + " is damaged: ")
            .hasMessageContaining("move it away and start again");
        Files.write(written, Arrays.copyOf(whole, i));
        assertThatThrownBy(file::read).isInstanceOf(RegistryDamaged.class);
      }
    }
  }

  @Test
  void folderBelongsToOneProcess() throws IOException {
    // Given
    try (KeptFile held = KeptFile.in(folder)) {
      // Then
      assertThatThrownBy(() -> KeptFile.in(folder))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the data folder " + folder + " is in use by another node; give each node its own");
      assertThat(held.read()).isEmpty();
    }
    KeptFile.in(folder).close();
  }

  @Test
  void folderThatCannotBeMadeIsNamed() throws IOException {
    // Given
    Path file = Files.writeString(folder.resolve("file"), "");

    // Then
    assertThatThrownBy(() -> KeptFile.in(file.resolve("data")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.resolve("data").toString());
  }
}
