package dev.tallygate.policy;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Whether a file path lies within one of the given directories.
 *
 * <p>The gate does not know how a server reads a path: whether it undoes percent-encoding (once or
 * more), whether a backslash separates, whether its file system folds case. So the path is read in
 * each of these ways, each reading is normalised ({@code .}, {@code ..} and repeated separators),
 * and only where all readings agree is the answer true or false. What no honest client needs
 * (control characters, UNC and device prefixes, names that Windows shortens, a leading {@code ~})
 * is indeterminate. Symbolic links cannot be seen from here.
 */
final class PathWithin {
  static final int MAX_LENGTH = 8_192;
  private static final int MAX_DECODINGS = 3;

  /** Characters that some systems fold into a separator or a dot. */
  private static final String LOOK_ALIKES =
      "\u2024\u2025\u2026\u2044\u2215\u2216\u29F5\u29F8\uFF0E\uFF0F\uFF3C\uFE68\uFE52";

  private static final Pattern SHORT_NAME = Pattern.compile("[^.]{1,6}~[0-9]{1,6}(\\..{0,3})?");

  private final List<Location> directories;

  private PathWithin(List<Location> directories) {
    this.directories = directories;
  }

  /** Directories as a policy names them, or what is wrong with one of them. */
  static PathWithin of(List<String> directories) throws MalformedValue {
    List<Location> locations = new ArrayList<>();
    for (String directory : directories) {
      if (isSuspicious(directory) || directory.indexOf('%') >= 0 || directory.indexOf('\\') >= 0) {
        throw new MalformedValue(
            "a directory is written plainly, with \"/\" between names, as in \"/srv/data\" or"
                + " \"C:/data\"");
      }
      locations.add(
          Location.parse(directory)
              .orElseThrow(
                  () -> new MalformedValue("a directory must not lead out of itself with \"..\"")));
    }
    return new PathWithin(locations);
  }

  Truth test(String path) {
    if (path.length() > MAX_LENGTH) {
      return Truth.INDETERMINATE;
    }
    Truth agreed = null;
    String reading = path;
    for (int decodings = 0; ; decodings++) {
      Truth truth = testDecoded(reading);
      if (truth == Truth.INDETERMINATE || (agreed != null && agreed != truth)) {
        return Truth.INDETERMINATE;
      }
      agreed = truth;
      Optional<String> decoded = percentDecoded(reading);
      if (decoded.isEmpty()) {
        return Truth.INDETERMINATE;
      }
      if (decoded.get().equals(reading)) {
        return agreed;
      }
      if (decodings == MAX_DECODINGS) {
        return Truth.INDETERMINATE;
      }
      reading = decoded.get();
    }
  }

  private Truth testDecoded(String path) {
    if (isSuspicious(path)) {
      return Truth.INDETERMINATE;
    }
    Truth literal = testNormalised(path);
    if (path.indexOf('\\') < 0) {
      return literal;
    }
    String separated = path.replace('\\', '/');
    if (isSuspicious(separated)) {
      return Truth.INDETERMINATE;
    }
    return literal == testNormalised(separated) ? literal : Truth.INDETERMINATE;
  }

  private Truth testNormalised(String path) {
    Location location = Location.parse(path).orElse(null);
    if (location == null) {
      return Truth.INDETERMINATE;
    }
    boolean comparable = true;
    boolean folded = false;
    for (Location directory : directories) {
      if (!directory.root.equals(location.root)) {
        comparable &= directory.rootIsUnlike(location);
        continue;
      }
      if (location.isWithin(directory)) {
        return Truth.TRUE;
      }
      folded |= location.folded().isWithin(directory.folded());
    }
    return comparable && !folded ? Truth.FALSE : Truth.INDETERMINATE;
  }

  private static boolean isSuspicious(String path) {
    if (path.isEmpty() || path.charAt(0) == '~' || path.startsWith("//")) {
      return true;
    }
    if (path.startsWith("\\\\") || path.startsWith("/\\") || path.startsWith("\\/")) {
      return true;
    }
    if (path.contains("::")
        || path.contains(":$")
        || path.contains("$HOME")
        || path.contains("${")) {
      return true;
    }
    if (isSpace(path.charAt(0)) || isSpace(path.charAt(path.length() - 1))) {
      return true;
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c < 0x20 || c == 0x7F) {
        return true;
      }
      if (c > 0x7F
          && (LOOK_ALIKES.indexOf(c) >= 0
              || Character.getType(c) == Character.FORMAT
              || Character.getType(c) == Character.CONTROL
              || Character.getType(c) == Character.LINE_SEPARATOR
              || Character.getType(c) == Character.PARAGRAPH_SEPARATOR
              || c == '\uFFFD')) {
        return true;
      }
    }
    return false;
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }

  /** The path with each {@code %XX} undone, or nothing where that does not give a text. */
  private static Optional<String> percentDecoded(String path) {
    if (path.indexOf('%') < 0) {
      return Optional.of(path);
    }
    byte[] in = path.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(in.length);
    for (int i = 0; i < in.length; i++) {
      if (in[i] == '%' && i + 1 < in.length && (in[i + 1] == 'u' || in[i + 1] == 'U')) {
        return Optional.empty();
      }
      int high = in[i] == '%' && i + 2 < in.length ? Character.digit((char) in[i + 1], 16) : -1;
      int low = high >= 0 ? Character.digit((char) in[i + 2], 16) : -1;
      if (low >= 0) {
        out.put((byte) (high << 4 | low));
        i += 2;
      } else {
        out.put(in[i]);
      }
    }
    try {
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(out.flip()).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  /** A normalised path: where it starts ("/", "C:/" or "" where relative) and its names. */
  private record Location(String root, List<String> names) {

    /** Nothing where the path leads out of a start that is not known, or a name is ambiguous. */
    static Optional<Location> parse(String path) {
      String root = "";
      String rest = path;
      if (path.startsWith("/")) {
        root = "/";
        rest = path.substring(1);
      } else if (path.length() >= 2 && path.charAt(1) == ':' && isLetter(path.charAt(0))) {
        if (path.length() < 3 || path.charAt(2) != '/') {
          return Optional.empty();
        }
        root = path.substring(0, 2).toUpperCase(Locale.ROOT) + "/";
        rest = path.substring(3);
      }
      Deque<String> names = new ArrayDeque<>();
      for (String name : rest.split("/", -1)) {
        if (name.isEmpty() || name.equals(".")) {
          continue;
        }
        if (name.equals("..")) {
          if (names.isEmpty() && root.isEmpty()) {
            return Optional.empty();
          }
          names.pollLast();
        } else if (isAmbiguous(name)) {
          return Optional.empty();
        } else {
          names.addLast(name);
        }
      }
      return Optional.of(new Location(root, List.copyOf(names)));
    }

    private static boolean isAmbiguous(String name) {
      char last = name.charAt(name.length() - 1);
      return last == '.'
          || name.startsWith(".;") // a parameter, which some servers cut off before they walk
          || name.startsWith("..;")
          || isSpace(last)
          || isSpace(name.charAt(0))
          || (name.indexOf('~') > 0 && SHORT_NAME.matcher(name).matches());
    }

    private static boolean isLetter(char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    boolean isWithin(Location directory) {
      return root.equals(directory.root)
          && names.size() >= directory.names.size()
          && names.subList(0, directory.names.size()).equals(directory.names);
    }

    /** Whether the two can be told apart although they do not start alike: two drives can. */
    boolean rootIsUnlike(Location other) {
      return root.endsWith(":/") && other.root.endsWith(":/");
    }

    /** As a file system reads it that ignores case and the form of composed letters. */
    Location folded() {
      return new Location(root, names.stream().map(Location::fold).toList());
    }

    private static String fold(String name) {
      return Normalizer.normalize(name, Normalizer.Form.NFKC)
          .toUpperCase(Locale.ROOT)
          .toLowerCase(Locale.ROOT);
    }
  }
}
