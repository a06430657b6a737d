package dev.tallygate.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The directions between this module's packages. */
@AnalyzeClasses(packages = "dev.tallygate.operator", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule packagesDependDownwardsOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("resources")
          .definedBy("dev.tallygate.operator.resources..")
          .layer("compile")
          .definedBy("dev.tallygate.operator.compile..")
          .layer("gateway")
          .definedBy("dev.tallygate.operator.gateway..")
          .layer("status")
          .definedBy("dev.tallygate.operator.status..")
          .whereLayer("resources")
          .mayNotAccessAnyLayer()
          .whereLayer("compile")
          .mayOnlyAccessLayers("resources")
          .whereLayer("gateway")
          .mayOnlyAccessLayers("compile")
          .whereLayer("status")
          .mayOnlyAccessLayers("gateway", "compile", "resources");

  @ArchTest
  static final ArchRule onlyTheEdgeKnowsKubernetes =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tallygate.operator.kubernetes..")
          .and()
          .haveSimpleNameNotContaining("Main")
          .and()
          .doNotHaveSimpleName("Operator")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.kubernetes..");

  @ArchTest
  static final ArchRule whatIsMadeOfResourcesReadsNoClock =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.tallygate.operator.resources..",
              "dev.tallygate.operator.compile..",
              "dev.tallygate.operator.status..")
          .should()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .dependOnClassesThat()
          .haveNameMatching("java\\.time\\.(Clock|InstantSource)")
          .orShould()
          .dependOnClassesThat()
          .resideInAnyPackage("java.nio.file..", "java.net..");

  @ArchTest
  static final ArchRule operatorTakesNoPartInTheCluster =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tallygate.hazelcast..", "dev.tallygate.node..");
}
