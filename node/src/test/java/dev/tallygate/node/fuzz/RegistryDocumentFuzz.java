package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tallygate.node.config.DocumentCompiler;
import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.RegistryDocument;
import dev.tallygate.registry.Sealing;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is put at the admin address is refused with a reason, or becomes a registry that is read
 * again as it was written, and that still refuses the tokens that were revoked.
 */
class RegistryDocumentFuzz {
  private static final String REVOKED = "5e".repeat(32);
  private static final String BEFORE =
      "{\"servers\":{\"files\":{\"url\":\"http://127.0.0.1:1/mcp\",\"source\":\"file\"}},\"revoked\":{\""
          + REVOKED
          + "\":\"2026-01-01T00:00:00Z\"}}";
  private static final DocumentCompiler COMPILER =
      new DocumentCompiler(
          Path.of("tallygate.yaml"), variable -> null, new Sealing("a secret of the cluster"));

  @FuzzTest
  void declarationIsRefusedOrKeptAsItIs(byte[] declaration) throws DocumentRefused {
    RegistryDocument before = RegistryDocument.read(BEFORE);
    RegistryDocument after;
    try {
      after = before.replacing(RegistryDocument.ADMIN, RegistryDocument.readDeclared(declaration));
      COMPILER.check(after, Optional.of(RegistryDocument.ADMIN));
    } catch (DocumentRefused e) {
      assertThat(e.getMessage()).isNotBlank();
      return;
    }
    assertThat(RegistryDocument.read(after.text()).text()).isEqualTo(after.text());
    assertThat(after.json().get("revoked").has(REVOKED)).isTrue();
    assertThat(after.json().get("servers").get("files"))
        .isEqualTo(before.json().get("servers").get("files"));
  }
}
