package dev.tallygate.node.config;

import dev.tallygate.node.config.YamlNode.Scalar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts variables and files in the place of {@code ${env:NAME}} and {@code ${file:/path}}, and opens
 * {@code ${sealed:...}} where the registry has it.
 */
final class References {
  private static final int MAX_BYTES = 16 * 1024;
  private static final Pattern REFERENCE = Pattern.compile("\\$\\$\\{|\\$\\{([^}]*)}?");
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final Findings findings;
  private final Surroundings surroundings;

  References(Findings findings, Surroundings surroundings) {
    this.findings = findings;
    this.surroundings = surroundings;
  }

  /** The text with what it refers to; empty, and a finding, where something is not there. */
  Optional<String> follow(String pointer, Scalar scalar) {
    Matcher reference = REFERENCE.matcher(scalar.text());
    StringBuilder value = new StringBuilder();
    int from = 0;
    boolean complete = true;
    while (reference.find()) {
      value.append(scalar.text(), from, reference.start());
      from = reference.end();
      if (reference.group(1) == null) {
        value.append("${");
      } else {
        try {
          value.append(referred(pointer, reference.group(), reference.group(1)));
        } catch (IOException e) {
          findings.error(pointer, scalar, e.getMessage());
          complete = false;
        }
      }
    }
    value.append(scalar.text(), from, scalar.text().length());
    return complete ? Optional.of(value.toString()) : Optional.empty();
  }

  private String referred(String pointer, String written, String inside) throws IOException {
    int colon = inside.indexOf(':');
    String kind = colon < 0 ? inside : inside.substring(0, colon);
    String name = colon < 0 ? "" : inside.substring(colon + 1);
    boolean closed = written.endsWith("}");
    if (closed && kind.equals("env") && VARIABLE.matcher(name).matches()) {
      if (!surroundings.followed()) {
        return "unread";
      }
      return surroundings
          .variable(name)
          .orElseThrow(
              () ->
                  new IOException(
                      "the environment variable " + name + " is not set; set it before the start"));
    }
    if (closed && kind.equals("file") && !name.isBlank()) {
      if (!surroundings.followed()) {
        return "unread";
      }
      Path file = surroundings.path(name);
      try {
        String text = new String(surroundings.read(file, MAX_BYTES), StandardCharsets.UTF_8);
        return text.replaceFirst("\\r?\\n\\z", "");
      } catch (IOException e) {
        throw new IOException("the file " + file + " " + e.getMessage(), e);
      }
    }
    if (closed && kind.equals("sealed") && surroundings.sealing().isPresent()) {
      if (!surroundings.followed()) {
        return "unread";
      }
      return surroundings
          .sealing()
          .get()
          .open(pointer, name)
          .orElseThrow(
              () ->
                  new IOException(
                      "it was sealed by another secret than this cluster's, or for another place"));
    }
    throw new IOException(
        "a reference is written ${env:NAME} or ${file:/path}; write $${ for the two characters"
            + " themselves");
  }
}
