package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** Values of a policy as a message shows them: short, and on one line. */
final class Wording {
  private static final int MAX_LISTED = 10;
  private static final int MAX_TEXT = 120;

  private Wording() {}

  static String of(JsonNode value) {
    if (value.isArray()) {
      List<String> shown = new ArrayList<>();
      for (int i = 0; i < Math.min(value.size(), MAX_LISTED); i++) {
        shown.add(shortened(single(value.get(i))));
      }
      if (value.size() > MAX_LISTED) {
        shown.add((value.size() - MAX_LISTED) + " more");
      }
      return String.join(", ", shown);
    }
    return shortened(single(value));
  }

  static String of(BigDecimal number) {
    return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
  }

  private static String single(JsonNode value) {
    return value.isNumber() ? of(value.decimalValue()) : value.toString();
  }

  private static String shortened(String text) {
    if (text.length() <= MAX_TEXT) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(MAX_TEXT - 1)) ? MAX_TEXT - 1 : MAX_TEXT;
    return text.substring(0, end) + "…";
  }
}
