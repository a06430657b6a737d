package dev.tallygate.node.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A folder with a configuration and what it names. */
final class ConfigFolder {
  static final String POLICY = "{\"version\": \"1\", \"default\": \"allow\"}\n";
  static final String HASH_A = "a".repeat(64);
  static final String HASH_B = "b".repeat(64);
  static final String HASH_C = "c".repeat(64);

  /** Everything but grants; what follows is appended. */
  static final String BASE =
      """
      servers:
        everything: { url: "http://127.0.0.1:3901/mcp" }
        files: { url: "https://files.example.org/mcp" }
      policies:
        readonly: { file: policies/readonly.json }
      audit: { file: audit.jsonl }
      """;

  final Path directory;
  final Path file;
  final Map<String, String> environment = new HashMap<>();

  ConfigFolder(Path directory) {
    this.directory = directory;
    this.file = directory.resolve("tallygate.yaml");
    write("policies/readonly.json", POLICY);
  }

  /** Writes the configuration. */
  ConfigFolder with(String text) {
    write(file.getFileName().toString(), text);
    return this;
  }

  /**
   * As {@link #with}, of a text with a § in it, which is left out.
   *
   * @return the place of what it stood before
   */
  String withMarked(String text) {
    int mark = text.indexOf('§');
    String before = text.substring(0, mark);
    int line = before.split("\n", -1).length;
    int column = mark - before.lastIndexOf('\n');
    with(text.replace("§", ""));
    return file.getFileName() + ":" + line + ":" + column;
  }

  Path write(String name, String text) {
    try {
      Path written = directory.resolve(name);
      Files.createDirectories(written.getParent());
      return Files.writeString(written, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String text() {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ConfigReader reader() {
    return new ConfigReader(environment::get);
  }

  ConfigReading read() {
    return reader().read(file);
  }

  /** The configuration, which must be without error. */
  NodeConfig config() {
    ConfigReading reading = read();
    return reading.config().orElseThrow(() -> new AssertionError(reading.errors().toString()));
  }

  /** Findings without the folder's name. */
  List<String> findings() {
    return read().findings().stream()
        .map(finding -> finding.toString().replace(directory + "/", ""))
        .toList();
  }
}
