package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.mcp.ListFilter;
import dev.tallygate.node.mcp.ListFilter.Filtered;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.node.mcp.ListRefused;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;

/** A filtered list is JSON, holds what may be seen as the server wrote it, and nothing else. */
class ListFilterFuzz {
  private static final long TTL = 5_000;

  @FuzzTest
  void holdsWhatMayBeSeenAndNothingElse(byte[] body) {
    for (ListKind kind : ListKind.values()) {
      requireFiltered(kind, body, OptionalLong.empty());
    }
    requireFiltered(ListKind.TOOLS, body, OptionalLong.of(TTL));
    try {
      byte[] opening = ListFilter.filterOpening(body, OptionalLong.of(TTL), text -> false);
      JsonNode result = Json.readOfServer(opening).path("result");
      assertThat(result.path("instructions").asText("")).isEmpty();
      assertThat(!result.has("cacheScope") || result.get("cacheScope").asText().equals("private"))
          .isTrue();
    } catch (ListRefused e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }

  private static void requireFiltered(ListKind kind, byte[] body, OptionalLong ttl) {
    List<byte[]> shown = new ArrayList<>();
    Filtered filtered;
    try {
      filtered =
          ListFilter.filter(
              kind,
              body,
              ttl,
              (name, item) -> {
                assertThat(Json.readOfServer(item).isObject()).isTrue();
                if (isHidden(name)) {
                  return false;
                }
                shown.add(item);
                return true;
              });
    } catch (ListRefused e) {
      assertThat(e.getMessage()).isNotEmpty();
      return;
    }
    JsonNode before = Json.readOfServer(body);
    JsonNode after = Json.readOfServer(filtered.body());
    if (filtered.isError()) {
      assertThat(after.has("result")).isFalse();
      return;
    }
    String key = ofKind(kind);
    JsonNode list = after.path("result").path(key);
    assertThat(list.isArray()).isTrue();
    assertThat(list.size()).isEqualTo(shown.size()).isEqualTo(filtered.kept().size());
    for (int i = 0; i < shown.size(); i++) {
      assertThat(Json.same(list.get(i), Json.readOfServer(shown.get(i)))).isTrue();
      assertThat(isHidden(filtered.kept().get(i))).isFalse();
    }
    if (kind == ListKind.TOOLS) {
      assertThat(filtered.kept()).allMatch(name -> name.matches("[A-Za-z0-9_.-]{1,128}"));
      assertThat(new HashSet<>(filtered.kept())).hasSameSizeAs(filtered.kept());
    }
    if (ttl.isPresent()) {
      assertThat(after.at("/result/cacheScope").textValue()).isEqualTo("private");
      assertThat(after.at("/result/ttlMs").longValue()).isBetween(0L, TTL);
    }
    requireTheRestUntouched(before, after, key, ttl.isPresent());
  }

  private static void requireTheRestUntouched(
      JsonNode before, JsonNode after, String key, boolean hinted) {
    ObjectNode left = (ObjectNode) before.path("result");
    ObjectNode right = (ObjectNode) after.path("result");
    List<String> mayDiffer = new ArrayList<>(List.of(key));
    if (hinted) {
      mayDiffer.addAll(List.of("ttlMs", "cacheScope"));
    }
    left.remove(mayDiffer);
    right.remove(mayDiffer);
    assertThat(Json.same(before, after)).isTrue();
  }

  private static boolean isHidden(String name) {
    return name.contains("h");
  }

  private static String ofKind(ListKind kind) {
    return switch (kind) {
      case TOOLS -> "tools";
      case PROMPTS -> "prompts";
      case RESOURCES -> "resources";
      case RESOURCE_TEMPLATES -> "resourceTemplates";
      case TASKS -> "tasks";
    };
  }
}
