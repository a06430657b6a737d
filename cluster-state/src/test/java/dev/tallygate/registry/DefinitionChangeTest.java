package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DefinitionChangeTest {
  private static JsonNode json(String text) {
    try {
      return new JsonMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static List<String> pointers(String before, String after) {
    return DefinitionChange.between(json(before), json(after)).stream()
        .map(DefinitionChange::pointer)
        .toList();
  }

  @Test
  void eachPlaceIsNamedOnce() {
    assertThat(
            pointers(
                "{'a':1,'b':{'c':[1,2,3],'d':'x'},'gone':true}",
                "{'a':1.0,'b':{'c':[1,9],'d':'y'},'new/~':null}"))
        .containsExactly("/b/c/1", "/b/c/2", "/b/d", "/gone", "/new~1~0");
  }

  @Test
  void aChangeOfTypeIsAChange() {
    assertThat(pointers("{'a':{}}", "{'a':[]}")).containsExactly("/a");
    assertThat(pointers("'text'", "'other'")).containsExactly("");
  }

  @Test
  void valuesBeforeAndAfterAreTold() {
    DefinitionChange change = DefinitionChange.between(json("{'a':1}"), json("{'a':2}")).get(0);
    assertThat(change.before()).contains(json("1"));
    assertThat(change.after()).contains(json("2"));
  }

  @Test
  void changesAreBounded() {
    StringBuilder many = new StringBuilder("[0");
    IntStream.range(0, 1_000).forEach(i -> many.append(",").append(i));
    assertThat(pointers("[]", many + "]")).hasSize(DefinitionChange.MAX_CHANGES);
  }

  @Test
  void theLikestPinIsCompared() {
    List<Definition> pins =
        List.of(Definition.of(json("{'x':1,'y':2,'z':3}")), Definition.of(json("{'a':1,'b':2}")));
    assertThat(DefinitionChange.since(pins, Definition.of(json("{'a':1,'b':3}"))))
        .extracting(DefinitionChange::pointer)
        .containsExactly("/b");
  }

  @Test
  void onlyMembersThatTheProtocolNamesAreRepeated() {
    List<DefinitionChange> changes =
        DefinitionChange.between(
            json("{'description':'a','inputSchema':{}}"),
            json("{'description':'b','inputSchema':{'x':1},'do this now':1,'and this':2}"));
    assertThat(DefinitionChange.members(changes))
        .containsExactly("description", "inputSchema", "other members");
  }
}
