package dev.tallygate.load.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import org.junit.jupiter.api.Test;

class ProtoBytesTest {
  @Test
  void messagesAreFramedAsGrpcSays() {
    // Given
    ProtoBytes inner = new ProtoBytes().text(1, "ab").number(3, 300);

    // When
    Buffer framed = new ProtoBytes().message(1, inner).framed();

    // Then
    assertThat(framed.getBytes())
        .containsExactly(0, 0, 0, 0, 9, 0x0A, 7, 0x0A, 2, 'a', 'b', 0x18, (byte) 0xAC, 2);
  }

  @Test
  void fieldsAreFoundBehindOthers() {
    // Given
    Buffer framed =
        new ProtoBytes()
            .text(1, "skipped")
            .number(2, 7)
            .message(3, new ProtoBytes().number(4, 9))
            .framed();

    // When
    int third = (int) ProtoBytes.message(framed, 5, 3).orElseThrow();

    // Then
    assertThat(ProtoBytes.number(framed, 5, 2)).hasValue(7);
    assertThat(ProtoBytes.number(framed, third, 4)).hasValue(9);
    assertThat(ProtoBytes.number(framed, third, 5)).isEmpty();
  }
}
