package dev.tallygate.node.config;

import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Changes the grants of a configuration file and nothing else in it.
 *
 * <p>Each edit takes its turn, works out what the file must say afterwards, changes the text as
 * little as it can, reads the new text again, and writes it only if it says exactly that. Neither
 * secrets nor policy files are needed. Thread-safe.
 */
public final class ConfigEditor {
  private final Path file;
  private final Clock clock;
  private final ConfigReader reader = new ConfigReader();

  public ConfigEditor(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
  }

  /**
   * A grant to be made.
   *
   * @param policy without one every call is denied
   */
  public record NewGrant(
      String label, String server, Optional<String> policy, Optional<Instant> expires) {}

  /**
   * What came of a revocation.
   *
   * @param at since when the grant is revoked
   * @param errors what is wrong elsewhere in the file and keeps a node from applying it
   */
  public record Revocation(Instant at, List<ConfigFinding> errors) {
    public Revocation {
      errors = List.copyOf(errors);
    }
  }

  /** Works out one edit: the change of the text, and what the text must say afterwards. */
  private interface Change {
    void make(Mapping root, YamlEdit edit, Map<String, Object> expected) throws EditRefused;
  }

  /**
   * The grants as the file gives them; those with a token file come without their token.
   *
   * @throws EditRefused if the file cannot be read or has errors
   */
  public List<Grant> grants() throws EditRefused {
    try {
      ConfigReading reading =
          reader.readAlone(file, YamlReader.decode(Surroundings.contents(file)));
      return reading
          .config()
          .orElseThrow(() -> new EditRefused(correctFirst(reading.errors())))
          .grants();
    } catch (IOException e) {
      throw new EditRefused(e.getMessage(), e);
    } catch (YamlRefused e) {
      throw malformed(e);
    }
  }

  /**
   * Adds a grant and returns its token, which is kept nowhere.
   *
   * @throws EditRefused if nothing was written
   */
  public Token mint(NewGrant grant) throws EditRefused {
    Token token = Token.random();
    edit(
        true,
        (root, edit, expected) -> {
          requireNew(root, grant);
          Map<String, String> item = new LinkedHashMap<>();
          item.put("label", grant.label());
          item.put("server", grant.server());
          grant.policy().ifPresent(policy -> item.put("policy", policy));
          item.put("tokenSha256", token.sha256().hex());
          grant.expires().ifPresent(expires -> item.put("expires", text(expires)));
          edit.addItem(root, "grants", item);
          List<Object> grants = new ArrayList<>(list(expected.get("grants")));
          grants.add(item);
          expected.put("grants", grants);
        });
    return token;
  }

  private void requireNew(Mapping root, NewGrant grant) throws EditRefused {
    if (!GrantReader.LABEL.matcher(grant.label()).matches()) {
      throw new EditRefused("a label has 1 to 100 letters, digits and . _ @ + -");
    }
    requireKnown(root, "servers", "server", grant.server());
    if (grant.policy().isPresent()) {
      requireKnown(root, "policies", "policy", grant.policy().get());
    }
    if (grant.expires().isPresent() && !clock.instant().isBefore(grant.expires().get())) {
      throw new EditRefused("the grant would expire at once, at " + grant.expires().get());
    }
    for (int i : indexesOf(root, grant.label())) {
      if (isLive(items(root).get(i))) {
        throw new EditRefused(
            "a grant labelled `"
                + grant.label()
                + "` is there already; give another label, rotate that grant or revoke it");
      }
    }
  }

  private static void requireKnown(Mapping root, String key, String kind, String name)
      throws EditRefused {
    Set<String> known = new LinkedHashSet<>();
    if (root.value(key).orElse(null) instanceof Mapping named) {
      named.entries().forEach(entry -> known.add(entry.key().text()));
    }
    if (!known.contains(name)) {
      throw new EditRefused(
          "there is no "
              + kind
              + " `"
              + name
              + "`; "
              + (known.isEmpty()
                  ? "add it under `" + key + "` first"
                  : "there are " + String.join(", ", known)));
    }
  }

  /**
   * Gives a grant another token and returns it. The old one is accepted for {@code overlap} from
   * now; with none, every older token ends at once.
   *
   * @throws EditRefused if nothing was written
   */
  public Token rotate(String label, Duration overlap) throws EditRefused {
    Token token = Token.random();
    Instant now = clock.instant();
    edit(
        true,
        (root, edit, expected) -> {
          int index = live(root, label);
          Mapping grant = (Mapping) items(root).get(index);
          requireRotatable(grant, label, now);
          Scalar hash = (Scalar) grant.value("tokenSha256").orElseThrow();
          List<Map<String, String>> previous = new ArrayList<>();
          if (!overlap.isZero()) {
            previous.addAll(stillAccepted(grant, now));
            Map<String, String> old = new LinkedHashMap<>();
            old.put("tokenSha256", hash.text());
            old.put("until", text(now.plus(overlap)));
            previous.add(old);
          }
          if (previous.size() > GrantReader.MAX_PREVIOUS) {
            throw new EditRefused(
                "`"
                    + label
                    + "` still accepts "
                    + GrantReader.MAX_PREVIOUS
                    + " older tokens; rotate it without --overlap to end them");
          }
          Map<String, Object> after = grantData(expected, index);
          edit.replace(hash, token.sha256().hex());
          after.put("tokenSha256", token.sha256().hex());
          Optional<Entry> written = grant.entry("previous");
          if (written.isPresent()) {
            edit.replace(written.get(), previous);
            after.put("previous", previous);
          } else if (!previous.isEmpty()) {
            edit.add(grant, "previous", previous);
            after.put("previous", previous);
          }
        });
    return token;
  }

  private static void requireRotatable(Mapping grant, String label, Instant now)
      throws EditRefused {
    if (grant.value("tokenFile").isPresent()) {
      throw new EditRefused(
          "the token of `"
              + label
              + "` comes from the file "
              + grant.text("tokenFile").orElse("")
              + "; write another token there, the node follows the file");
    }
    Optional<Instant> expires = grant.text("expires").flatMap(ConfigEditor::instant);
    if (expires.isPresent() && !now.isBefore(expires.get())) {
      throw new EditRefused(
          "`" + label + "` expired at " + expires.get() + "; change `expires` or mint another");
    }
  }

  private static List<Map<String, String>> stillAccepted(Mapping grant, Instant now) {
    List<Map<String, String>> accepted = new ArrayList<>();
    for (YamlNode item : items(grant, "previous")) {
      if (item instanceof Mapping old
          && old.text("until").flatMap(ConfigEditor::instant).filter(now::isBefore).isPresent()) {
        Map<String, String> kept = new LinkedHashMap<>();
        old.entries()
            .forEach(entry -> kept.put(entry.key().text(), ((Scalar) entry.value()).text()));
        accepted.add(kept);
      }
    }
    return accepted;
  }

  /**
   * Revokes a grant. Errors elsewhere in the file do not stop it, but are returned: until they are
   * corrected no node applies the file.
   *
   * @throws EditRefused if nothing was written
   */
  public Revocation revoke(String label) throws EditRefused {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    List<ConfigFinding> errors =
        edit(
            false,
            (root, edit, expected) -> {
              int index = live(root, label);
              edit.add((Mapping) items(root).get(index), "revoked", text(now));
              grantData(expected, index).put("revoked", text(now));
            });
    return new Revocation(now, errors);
  }

  /** Makes a change; returns the errors that the file has afterwards. */
  private List<ConfigFinding> edit(boolean validOnly, Change change) throws EditRefused {
    try (LockedFile locked = LockedFile.open(file)) {
      byte[] before = locked.read();
      String text = YamlReader.decode(before);
      List<ConfigFinding> errors = reader.readAlone(file, text).errors();
      Optional<YamlNode> read = YamlReader.read(text);
      if (!(read.orElse(null) instanceof Mapping root)
          || root.entries().isEmpty()
          || validOnly && !errors.isEmpty()) {
        throw new EditRefused(correctFirst(errors));
      }
      Map<String, Object> expected = map(root.data());
      YamlEdit edit = new YamlEdit(text, root);
      change.make(root, edit, expected);
      String after = edit.result();
      List<ConfigFinding> left = verify(after, expected);
      if (left.size() > errors.size()) {
        throw new EditRefused(correctFirst(left));
      }
      locked.replace(before, after.getBytes(StandardCharsets.UTF_8));
      return left;
    } catch (IOException e) {
      throw new EditRefused(e.getMessage(), e);
    } catch (YamlRefused e) {
      throw malformed(e);
    }
  }

  private List<ConfigFinding> verify(String after, Map<String, Object> expected)
      throws EditRefused {
    try {
      if (YamlReader.read(after).map(YamlNode::data).equals(Optional.of(expected))) {
        return reader.readAlone(file, after).errors();
      }
    } catch (YamlRefused e) {
      // As for a text that says something else.
    }
    throw new EditRefused(
        file
            + " is written in a way that cannot be edited safely; write `grants` as a plain list,"
            + " one grant an item");
  }

  private EditRefused malformed(YamlRefused e) {
    return new EditRefused(file + ":" + e.position() + ": error: " + e.getMessage(), e);
  }

  private static String correctFirst(List<ConfigFinding> errors) {
    return "the file has errors; correct them first:\n"
        + errors.stream().map(ConfigFinding::toString).collect(Collectors.joining("\n"));
  }

  private static List<YamlNode> items(Mapping root) {
    return items(root, "grants");
  }

  private static List<YamlNode> items(Mapping mapping, String key) {
    return mapping.value(key).orElse(null) instanceof Sequence sequence
        ? sequence.items()
        : List.of();
  }

  private static List<Integer> indexesOf(Mapping root, String label) {
    List<Integer> indexes = new ArrayList<>();
    List<YamlNode> items = items(root);
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof Mapping grant && grant.text("label").equals(Optional.of(label))) {
        indexes.add(i);
      }
    }
    return indexes;
  }

  private static boolean isLive(YamlNode grant) {
    return grant instanceof Mapping mapping && mapping.value("revoked").isEmpty();
  }

  /** The index of the grant that a label means: the one that is not revoked. */
  private static int live(Mapping root, String label) throws EditRefused {
    List<Integer> indexes = indexesOf(root, label);
    for (int i : indexes) {
      if (isLive(items(root).get(i))) {
        return i;
      }
    }
    if (!indexes.isEmpty()) {
      Mapping last = (Mapping) items(root).get(indexes.get(indexes.size() - 1));
      throw new EditRefused(
          "`" + label + "` is revoked since " + last.text("revoked").orElse("some time"));
    }
    Set<String> labels = new LinkedHashSet<>();
    for (YamlNode item : items(root)) {
      if (isLive(item)) {
        ((Mapping) item).text("label").ifPresent(labels::add);
      }
    }
    throw new EditRefused(
        "there is no grant labelled `"
            + label
            + "`; "
            + Findings.nearest(label, labels)
                .map(near -> "did you mean `" + near + "`?")
                .orElse("`grant list` shows them"));
  }

  private static Map<String, Object> grantData(Map<String, Object> root, int index) {
    List<Object> grants = list(root.get("grants"));
    Map<String, Object> grant = map(grants.get(index));
    grants.set(index, grant);
    return grant;
  }

  @SuppressWarnings("unchecked") // data() gives maps of text to anything
  private static Map<String, Object> map(Object data) {
    return (Map<String, Object>) data;
  }

  @SuppressWarnings("unchecked") // data() gives lists of anything
  private static List<Object> list(Object data) {
    return data == null ? List.of() : (List<Object>) data;
  }

  private static Optional<Instant> instant(String text) {
    try {
      return Optional.of(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static String text(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
