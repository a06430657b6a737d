package dev.tallygate.node.mcp;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class McpPackageTest {
  @Test
  void wireKnowsNothingOfPoliciesOrServers() {
    // Given
    JavaClasses wire =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackagesOf(MessageReader.class);

    // Then
    noClasses()
        .that()
        .resideInAPackage("dev.tallygate.node.mcp")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.tallygate.policy..",
            "dev.tallygate.counters..",
            "dev.tallygate.registry..",
            "dev.tallygate.hazelcast..",
            "com.hazelcast..",
            "io.vertx..")
        .check(wire);
  }
}
