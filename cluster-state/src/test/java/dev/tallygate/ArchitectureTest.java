package dev.tallygate;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The directions between this module's packages. */
@AnalyzeClasses(packages = "dev.tallygate", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule packagesDependDownwardsOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .withOptionalLayers(true)
          .layer("json")
          .definedBy("dev.tallygate.json..")
          .layer("policy")
          .definedBy("dev.tallygate.policy..")
          .layer("counters")
          .definedBy("dev.tallygate.counters..")
          .layer("durability")
          .definedBy("dev.tallygate.durability..")
          .layer("registry")
          .definedBy("dev.tallygate.registry..")
          .layer("sessions")
          .definedBy("dev.tallygate.sessions..")
          .layer("threads")
          .definedBy("dev.tallygate.threads..")
          .layer("hazelcast")
          .definedBy("dev.tallygate.hazelcast..")
          .whereLayer("json")
          .mayNotAccessAnyLayer()
          .whereLayer("policy")
          .mayOnlyAccessLayers("json")
          .whereLayer("counters")
          .mayOnlyAccessLayers("policy", "json")
          .whereLayer("durability")
          .mayOnlyAccessLayers("threads", "counters", "policy", "json")
          .whereLayer("registry")
          .mayOnlyAccessLayers("policy", "json")
          .whereLayer("sessions")
          .mayOnlyAccessLayers("registry")
          .whereLayer("hazelcast")
          .mayOnlyAccessLayers(
              "threads", "sessions", "counters", "durability", "registry", "policy", "json")
          .whereLayer("threads")
          .mayNotAccessAnyLayer();

  @ArchTest
  static final ArchRule onlyOnePackageKnowsDatabases =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tallygate.durability..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "javax.sql..", "com.zaxxer..");

  @ArchTest
  static final ArchRule onlyOnePackageKnowsHazelcast =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tallygate.hazelcast..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.hazelcast..");

  @ArchTest
  static final ArchRule policyReadsNoClock =
      noClasses()
          .that()
          .resideInAPackage("dev.tallygate.policy..")
          .should()
          .dependOnClassesThat()
          .haveNameMatching("java\\.time\\.(Clock|InstantSource)")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(System.class, "nanoTime");

  @ArchTest
  static final ArchRule policyDoesNoInputOrOutput =
      noClasses()
          .that()
          .resideInAPackage("dev.tallygate.policy..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.nio.file..", "java.net..")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching("java\\.io\\.(?!Serializable|IOException|UncheckedIOException).*");
}
