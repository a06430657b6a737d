package dev.tallygate.node.real;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests that run real npm packages. Where these cannot be had the tests are skipped, and the reason
 * is reported; with {@code TALLYGATE_REAL_PARTS=required} in the environment they fail instead.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(NeedsNpm.Condition.class)
public @interface NeedsNpm {
  /** Installs the packages, once a JVM. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      try {
        NpmPackages.installed();
        return ConditionEvaluationResult.enabled("the npm packages are installed");
      } catch (NpmPackages.Unavailable e) {
        if ("required".equals(System.getenv("TALLYGATE_REAL_PARTS"))) {
          throw new IllegalStateException(e.getMessage(), e);
        }
        System.out.println("SKIPPED " + context.getDisplayName() + ": " + e.getMessage());
        return ConditionEvaluationResult.disabled(e.getMessage());
      }
    }
  }
}
