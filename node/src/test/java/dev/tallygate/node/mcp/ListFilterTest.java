package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.mcp.ListFilter.Filtered;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListFilterTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String LIST =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":["
          + "{\"name\":\"a\",\"inputSchema\":{}},{\"name\":\"b\"}, {\"name\":\"c\"}]}}";

  @Test
  void unchangedListIsTheServersOwnArray() throws Exception {
    // Given
    byte[] body = LIST.getBytes(UTF_8);

    // When
    Filtered filtered =
        ListFilter.filter(ListKind.TOOLS, body, OptionalLong.empty(), (name, item) -> true);

    // Then
    assertThat(filtered.body()).isSameAs(body);
    assertThat(filtered.kept()).containsExactly("a", "b", "c");
    assertThat(filtered.dropped()).isEmpty();
    assertThat(filtered.isError()).isFalse();
  }

  @Test
  void hiddenToolsAreCutOut() throws Exception {
    assertThat(hide(LIST, "a")).isEqualTo(LIST.replace("{\"name\":\"a\",\"inputSchema\":{}},", ""));
    assertThat(hide(LIST, "b")).isEqualTo(LIST.replace("{\"name\":\"b\"},", ""));
    assertThat(hide(LIST, "c")).isEqualTo(LIST.replace(", {\"name\":\"c\"}", ""));
    assertThat(hide(LIST, "a", "b", "c"))
        .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}");
    assertThat(hide(LIST, "a", "c"))
        .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"b\"}]}}");
  }

  @Test
  void whatRemainsIsAsTheServerWroteIt() throws Exception {
    // Given
    String kept =
        "{ \"description\" : \"\\u00e9\u00e9\\/ \u4e16\", \"inputSchema\":{\"maximum\":1.7976931348623157e+308,"
            + "\"minimum\":-1E-400,\"multipleOf\":0.10,\"const\":100000000000000000000000001},\n"
            + "\t\"name\"\r\n:\"k\\u0065ep\" }";
    String body =
        "\n{\"result\" :{\"x\":1.0, \"tools\":[ {\"name\":\"hide\"} ,\n"
            + kept
            + "\n]} ,\"id\":\"\u20ac\",\"jsonrpc\":\"2.0\"} \n";

    // When
    String filtered = hide(body, "hide");

    // Then
    assertThat(filtered).contains(kept);
    assertThat(filtered)
        .isEqualTo(
            "\n{\"result\" :{\"x\":1.0, \"tools\":[\n"
                + kept
                + "\n]} ,\"id\":\"\u20ac\",\"jsonrpc\":\"2.0\"} \n");
  }

  @Test
  void otherArraysNamedToolsAreLeftAlone() throws Exception {
    // Given
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"tools\":[{\"name\":\"a\"}],"
            + "\"result\":{\"_meta\":{\"tools\":[{\"name\":\"a\"}]},"
            + "\"tools\":[{\"name\":\"b\",\"tools\":[{\"name\":\"a\"}],\"_meta\":{\"name\":\"a\"}},"
            + "{\"name\":\"a\"}]}}";

    // When
    String filtered = hide(body, "a");

    // Then
    assertThat(filtered).isEqualTo(body.replace(",{\"name\":\"a\"}]}}", "]}}"));
  }

  @Test
  void judgeSeesTheWholeToolAsItStands() throws Exception {
    // Given
    List<String> seen = new ArrayList<>();
    String body = LIST.replace("\"c\"", "\"c\" , \"n\":1.50");

    // When
    ListFilter.filter(
        ListKind.TOOLS,
        body.getBytes(UTF_8),
        OptionalLong.empty(),
        (name, item) -> seen.add(name + " " + new String(item, UTF_8)));

    // Then
    assertThat(seen)
        .containsExactly(
            "a {\"name\":\"a\",\"inputSchema\":{}}",
            "b {\"name\":\"b\"}",
            "c {\"name\":\"c\" , \"n\":1.50}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a b",
        "\u0430",
        "a\\u200b",
        "\uff41",
        "a/b",
        "a,b",
        "a\\u0000",
        "a ",
        " a",
        "\\u202ea",
        "e\\u0301",
        "\\ud83d\\ude00"
      })
  void toolsWithNamesThatAreNotPlainAreCutOutUnasked(String name) throws Exception {
    // Given
    String body = LIST.replace("\"b\"", "\"" + name + "\"");

    // When
    Filtered filtered = filter(body, (any, item) -> true);

    // Then
    assertThat(filtered.kept()).containsExactly("a", "c");
    assertThat(filtered.dropped()).hasSize(1);
    assertThat(JSON.readTree(filtered.body()).at("/result/tools")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Name", "NAME", "n\\u200bame", "name\\u0000"})
  void toolWithTwoKeysThatPassForItsNameIsCutOut(String key) throws Exception {
    // When
    Filtered filtered =
        filter(
            LIST.replace("{\"name\":\"b\"}", "{\"name\":\"b\",\"" + key + "\":\"x\"}"),
            (n, i) -> true);

    // Then
    assertThat(filtered.dropped()).containsExactly("b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}]",
        "7",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"result\":{\"tools\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":null}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":{}}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[1]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[[]]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[null]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":7}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":null}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":{\"name\":\"a\"}}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"},{\"name\":\"a\"}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"},{\"name\":\"\\u0061\"}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\",\"name\":\"b\"}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\",\"x\":{\"y\":1,\"y\":2}}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"tools\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"t\\u006fols\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"Tools\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"tool\u017f\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]},\"Result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]},\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]},\"error\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"result\":{\"tools\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}x",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}{}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\",\"x\":NaN}]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[/**/]}}",
        "\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}"
      })
  void listThatCannotBeFilteredWithCertaintyIsRefused(String body) {
    assertThatThrownBy(() -> filter(body, (name, item) -> true)).isInstanceOf(ListRefused.class);
  }

  @Test
  void listThatIsNotUtf8IsRefused() {
    // Given
    byte[] body = LIST.replace("\"b\"", "\"b\",\"d\":\"\u00e9\"").getBytes(ISO_8859_1);

    // Then
    assertThatThrownBy(
            () -> ListFilter.filter(ListKind.TOOLS, body, OptionalLong.empty(), (n, i) -> true))
        .isInstanceOf(ListRefused.class);
  }

  @Test
  void listThatIsTooDeepIsRefused() {
    // Given
    String body = LIST.replace("\"b\"", "\"b\",\"d\":" + "[".repeat(5000) + "]".repeat(5000));

    // Then
    assertThatThrownBy(() -> filter(body, (name, item) -> true)).isInstanceOf(ListRefused.class);
  }

  @Test
  void errorPassesUnchanged() throws Exception {
    // Given
    byte[] body =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"m\",\"data\":{\"tools\":[]}}}"
            .getBytes(UTF_8);

    // When
    Filtered filtered =
        ListFilter.filter(ListKind.TOOLS, body, OptionalLong.of(5), (name, item) -> false);

    // Then
    assertThat(filtered.body()).isSameAs(body);
    assertThat(filtered.isError()).isTrue();
  }

  @Test
  void nextCursorIsToldAndKept() throws Exception {
    // Given
    String page = LIST.replace("}]}}", "}],\"nextCursor\":\"x\"}}");

    // Then
    assertThat(filter(page, (name, item) -> true).hasNextCursor()).isTrue();
    assertThat(hide(page, "a", "b", "c")).contains("\"tools\":[],\"nextCursor\":\"x\"");
    assertThat(filter(LIST, (name, item) -> true).hasNextCursor()).isFalse();
  }

  @Test
  void modernListIsMadePrivateAndShortLived() throws Exception {
    // Given
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"ttlMs\":300000,\"tools\":[{\"name\":\"a\"}],"
            + "\"cacheScope\" : \"public\",\"resultType\":\"complete\"}}";

    // When
    Filtered filtered =
        ListFilter.filter(
            ListKind.TOOLS, body.getBytes(UTF_8), OptionalLong.of(5000), (name, item) -> true);

    // Then
    assertThat(new String(filtered.body(), UTF_8))
        .isEqualTo(body.replace("300000", "5000").replace("\"public\"", "\"private\""));
  }

  @Test
  void missingCacheHintsAreAdded() throws Exception {
    // When
    Filtered filtered =
        ListFilter.filter(
            ListKind.TOOLS, LIST.getBytes(UTF_8), OptionalLong.of(5000), (n, i) -> !n.equals("a"));

    // Then
    JsonNode result = JSON.readTree(filtered.body()).path("result");
    assertThat(result.path("cacheScope").textValue()).isEqualTo("private");
    assertThat(result.path("ttlMs").longValue()).isZero();
    assertThat(result.path("tools")).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "-5", "5", "5.5", "\"9\"", "null", "99999999999999999999", "1e9", "true"})
  void lifetimeStaysWithinItsBounds(String ttl) throws Exception {
    // Given
    String body = LIST.replace("\"tools\"", "\"ttlMs\":" + ttl + ",\"tools\"");

    // When
    Filtered filtered =
        ListFilter.filter(
            ListKind.TOOLS, body.getBytes(UTF_8), OptionalLong.of(7), (name, item) -> true);

    // Then
    JsonNode rewritten = JSON.readTree(filtered.body()).at("/result/ttlMs");
    assertThat(rewritten.isIntegralNumber()).isTrue();
    assertThat(rewritten.longValue()).isBetween(0L, 7L);
  }

  @Test
  void hintThatIsAnObjectIsRefused() {
    // Given
    String body = LIST.replace("\"tools\"", "\"cacheScope\":{},\"tools\"");

    // Then
    assertThatThrownBy(
            () ->
                ListFilter.filter(
                    ListKind.TOOLS, body.getBytes(UTF_8), OptionalLong.of(7), (n, i) -> true))
        .isInstanceOf(ListRefused.class);
  }

  @Test
  void legacyListGetsNoHints() throws Exception {
    assertThat(hide(LIST, "a")).doesNotContain("ttlMs").doesNotContain("cacheScope");
  }

  @Test
  void otherResultsCanBeMadePrivate() throws Exception {
    // Given
    String discover =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"cacheScope\":\"public\",\"ttlMs\":9}}";
    String bare = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}";
    String interim =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"input_required\"}}";

    // Then
    assertThat(madePrivate(discover))
        .isEqualTo(discover.replace("public", "private").replace("9", "3"));
    assertThat(madePrivate(bare))
        .isEqualTo(
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"ttlMs\":0,\"cacheScope\":\"private\"}}");
    assertThat(madePrivate(interim)).isEqualTo(interim);
  }

  @Test
  void otherListsAreFilteredByTheirOwnNames() throws Exception {
    // Given
    String resources =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resources\":["
            + "{\"uri\":\"file:///a b\",\"name\":\"x\"},{\"uri\":\"file:///c\",\"name\":\"x\"}]}}";

    // When
    Filtered filtered =
        ListFilter.filter(
            ListKind.RESOURCES,
            resources.getBytes(UTF_8),
            OptionalLong.empty(),
            (uri, item) -> uri.endsWith("b"));

    // Then
    assertThat(filtered.kept()).containsExactly("file:///a b");
    assertThat(filtered.dropped()).containsExactly("file:///c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"tools/list", "prompts/list", "resources/list", "resources/templates/list"})
  void listIsFoundByItsMethod(String method) {
    assertThat(ListKind.ofMethod(method)).isPresent();
    assertThat(ListKind.ofMethod(method + "x")).isEmpty();
  }

  @Property(tries = 300)
  void resultIsThatOfFilteringTheTree(@ForAll("lists") String body, @ForAll Set<Integer> hidden)
      throws Exception {
    // Given
    ObjectNode expected = (ObjectNode) JSON.readTree(body);
    ArrayNode tools = (ArrayNode) expected.at("/result/tools");
    for (int i = tools.size() - 1; i >= 0; i--) {
      if (isHidden(tools.get(i).path("name").textValue(), hidden)) {
        tools.remove(i);
      }
    }

    // When
    Filtered filtered = filter(body, (name, item) -> !isHidden(name, hidden));

    // Then
    assertThat(JSON.readTree(filtered.body())).isEqualTo(expected);
  }

  @Property(tries = 300)
  void arbitraryTextIsFilteredOrRefused(@ForAll("brokenLists") byte[] body) throws Exception {
    // When
    Filtered filtered;
    try {
      filtered = ListFilter.filter(ListKind.TOOLS, body, OptionalLong.of(1), (n, i) -> false);
    } catch (ListRefused e) {
      return;
    }

    // Then
    assertThat(filtered.kept()).isEmpty();
    assertThat(filtered.isError() || JSON.readTree(filtered.body()).at("/result/tools").isEmpty())
        .isTrue();
  }

  @Provide
  Arbitrary<String> lists() {
    Arbitrary<String> space = Arbitraries.of("", " ", "\n", "\t \r\n");
    Arbitrary<String> extra =
        Arbitraries.of(
            "",
            ",\"d\":\"\u00e9\u20ac\\\"]},{\"",
            ",\"s\":{\"tools\":[1,{\"name\":\"x\"}]}",
            ",\"n\":1.0e5");
    return Arbitraries.integers()
        .between(0, 30)
        .list()
        .uniqueElements()
        .ofMaxSize(10)
        .flatMap(
            ids ->
                space.flatMap(
                    s ->
                        extra.map(
                            e ->
                                "{"
                                    + s
                                    + "\"result\":{\"tools\":"
                                    + s
                                    + "["
                                    + s
                                    + String.join(
                                        s + "," + s,
                                        ids.stream()
                                            .map(
                                                id ->
                                                    "{" + s + "\"name\":\"t" + id + "\"" + e + "}")
                                            .toList())
                                    + s
                                    + "]"
                                    + s
                                    + "},\"id\":1,\"jsonrpc\":\"2.0\"}")));
  }

  @Provide
  Arbitrary<byte[]> brokenLists() {
    return lists()
        .flatMap(
            list -> {
              byte[] bytes = list.getBytes(UTF_8);
              return Arbitraries.integers()
                  .between(0, bytes.length - 1)
                  .flatMap(
                      at ->
                          Arbitraries.bytes()
                              .map(
                                  b -> {
                                    byte[] broken = bytes.clone();
                                    broken[at] = b;
                                    return broken;
                                  }));
            });
  }

  private static boolean isHidden(String name, Set<Integer> hidden) {
    int id = Integer.parseInt(name.substring(1));
    return id % 2 == 0 || hidden.contains(id);
  }

  private static Filtered filter(String body, ListFilter.Judge judge) throws ListRefused {
    return ListFilter.filter(ListKind.TOOLS, body.getBytes(UTF_8), OptionalLong.empty(), judge);
  }

  private static String hide(String body, String... names) throws ListRefused {
    return new String(filter(body, (name, item) -> !Set.of(names).contains(name)).body(), UTF_8);
  }

  private static String madePrivate(String body) throws ListRefused {
    return new String(
        ListFilter.filterOpening(body.getBytes(UTF_8), OptionalLong.of(3), text -> true), UTF_8);
  }
}
