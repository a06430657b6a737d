package dev.tallygate.node.mcp;

import java.text.Normalizer;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds keys that another parser may take for a known one: in other case, in a compatibility form,
 * or with characters in it that cannot be seen. Go's encoding/json, for one, matches keys without
 * regard to case (CVE-2026-27896).
 */
final class KeyFolding {
  private final Set<String> known;
  private final Map<String, String> knownByFolded;

  KeyFolding(Set<String> known) {
    this.known = Set.copyOf(known);
    this.knownByFolded = known.stream().collect(Collectors.toMap(KeyFolding::fold, key -> key));
  }

  /** The known key that one of {@code keys} may be taken for without being it, or null. */
  String mistakable(Iterator<String> keys) {
    while (keys.hasNext()) {
      String mistaken = mistakable(keys.next());
      if (mistaken != null) {
        return mistaken;
      }
    }
    return null;
  }

  /** The known key that {@code key} may be taken for without being it, or null. */
  String mistakable(String key) {
    return known.contains(key) ? null : knownByFolded.get(fold(key));
  }

  static String fold(String key) {
    // Upper first: it is what joins the long s to s and the dotless i to i.
    String folded =
        Normalizer.normalize(key, Normalizer.Form.NFKC)
            .toUpperCase(Locale.ROOT)
            .toLowerCase(Locale.ROOT);
    StringBuilder visible = new StringBuilder(folded.length());
    folded.codePoints().filter(c -> !isInvisible(c)).forEach(visible::appendCodePoint);
    return visible.toString();
  }

  private static boolean isInvisible(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          true;
      default -> c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0;
    };
  }
}
