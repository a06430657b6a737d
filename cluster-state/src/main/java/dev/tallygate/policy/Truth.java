package dev.tallygate.policy;

/**
 * A truth value of Kleene's strong three-valued logic (S. C. Kleene, Introduction to
 * Metamathematics, 1952, section 64). Indeterminate is what cannot be judged.
 */
enum Truth {
  TRUE,
  FALSE,
  INDETERMINATE;

  static Truth of(boolean value) {
    return value ? TRUE : FALSE;
  }

  Truth not() {
    return switch (this) {
      case TRUE -> FALSE;
      case FALSE -> TRUE;
      case INDETERMINATE -> INDETERMINATE;
    };
  }

  Truth and(Truth other) {
    if (this == FALSE || other == FALSE) {
      return FALSE;
    }
    return this == TRUE ? other : INDETERMINATE;
  }

  Truth or(Truth other) {
    if (this == TRUE || other == TRUE) {
      return TRUE;
    }
    return this == FALSE ? other : INDETERMINATE;
  }
}
