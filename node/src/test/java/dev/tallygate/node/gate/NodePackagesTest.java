package dev.tallygate.node.gate;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.tallygate.hazelcast.ClusterSettings;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may know whom among the packages of a node. */
class NodePackagesTest {
  private static final String NODE = "dev.tallygate.node";

  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(NODE);

  private static ArchRule knowsNone(String part, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(NODE + "." + part + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others);
  }

  private static String[] parts(String... names) {
    return Stream.of(names).map(name -> NODE + "." + name + "..").toArray(String[]::new);
  }

  static Stream<Arguments> rules() {
    return Stream.of(
            knowsNone(
                "mcp",
                "dev.tallygate.policy..",
                "dev.tallygate.counters..",
                "dev.tallygate.registry..",
                "dev.tallygate.hazelcast..",
                NODE + ".gate..",
                NODE + ".upstream..",
                NODE + ".audit.."),
            knowsNone("gate", parts("cli", "demo", "config", "admin")),
            knowsNone(
                "upstream", parts("gate", "audit", "metrics", "admin", "config", "cli", "demo")),
            knowsNone("upstream", "dev.tallygate.policy..", "dev.tallygate.counters.."),
            knowsNone(
                "loop",
                parts("gate", "upstream", "mcp", "config", "cli", "admin", "audit", "metrics")),
            knowsNone("audit", parts("gate", "upstream", "mcp", "config", "cli", "admin")),
            knowsNone("metrics", parts("gate", "upstream", "mcp", "config", "cli", "audit")),
            noClasses()
                .that()
                .resideInAPackage(NODE + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.hazelcast.."),
            classes()
                .that()
                .resideInAPackage(NODE + ".*..")
                .should()
                .onlyDependOnClassesThat(
                    resideOutsideOfPackage("dev.tallygate.hazelcast..")
                        .or(belongToAnyOf(ClusterSettings.class))),
            slices().matching(NODE + ".(*)..").should().beFreeOfCycles())
        .map(Arguments::of);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void packagesKnowOnlyWhatTheyNeed(ArchRule rule) {
    rule.check(CODE);
  }
}
