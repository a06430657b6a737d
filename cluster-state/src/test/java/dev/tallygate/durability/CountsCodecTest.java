package dev.tallygate.durability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable.Charged;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CountsCodecTest {
  private static final Contents ONE =
      new Contents(
          5,
          6,
          OptionalLong.of(7),
          Map.of(
              new CounterKey(Scope.GRANT, "g", "c", 60, Algorithm.FIXED),
              List.of(new Charged(8, new BigDecimal("0.005")))),
          List.of());

  /** The bytes that this release writes; those of a format never change. */
  private static final String ONE_IN_FORMAT_1 =
      "0000000000000005" // latest
          + "0000000000000006" // change
          + "01" // blind
          + "0000000000000007" // blindBefore
          + "00000001" // counters
          + "000000054752414e54" // GRANT
          + "0000000167" // g
          + "0000000163" // c
          + "000000000000003c" // seconds
          + "000000054649584544" // FIXED
          + "00000001" // slots
          + "0000000000000008"
          + "0000000105" // 5
          + "00000003"; // thousandths

  @Property(tries = 300)
  void countsAreReadAsTheyWereWritten(@ForAll("contents") Contents contents) throws IOException {
    // When
    Contents read = CountsCodec.read(CountsCodec.write(contents));

    // Then
    assertThat(read).isEqualTo(contents);
  }

  @Test
  void bytesOfAFormatNeverChange() throws IOException {
    assertThat(CountsCodec.FORMAT).isEqualTo(1);
    assertThat(HexFormat.of().formatHex(CountsCodec.write(ONE))).isEqualTo(ONE_IN_FORMAT_1);
    assertThat(CountsCodec.read(HexFormat.of().parseHex(ONE_IN_FORMAT_1))).isEqualTo(ONE);
  }

  @Test
  void bytesThatAreCutOffAnywhereOrHaveMoreAreRefused() {
    // Given
    byte[] bytes = CountsCodec.write(ONE);

    // When // Then
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> CountsCodec.read(cut)).isInstanceOf(IOException.class);
    }
    assertThatThrownBy(() -> CountsCodec.read(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(IOException.class);
  }

  @Property(tries = 500)
  void bytesThatWereChangedAreRefusedOrReadButNeverFailOtherwise(@ForAll int at, @ForAll byte to) {
    // Given
    byte[] bytes = CountsCodec.write(ONE);
    bytes[Math.floorMod(at, bytes.length)] = to;

    // When // Then
    try {
      CountsCodec.read(bytes);
    } catch (IOException e) {
      assertThat(e).isNotNull();
    }
  }

  @Provide
  static Arbitrary<Contents> contents() {
    Arbitrary<CounterKey> keys =
        Combinators.combine(
                Arbitraries.of(Scope.class),
                Arbitraries.strings().ofMaxLength(20),
                Arbitraries.strings().ofMaxLength(20),
                Arbitraries.longs().between(1, CounterKey.LONGEST_WINDOW_SECONDS),
                Arbitraries.of(Algorithm.class))
            .as(CounterKey::new);
    Arbitrary<List<Charged>> slots =
        Combinators.combine(Arbitraries.longs(), Arbitraries.bigDecimals().ofScale(12))
            .as(Charged::new)
            .list()
            .ofMinSize(1)
            .ofMaxSize(5);
    return Combinators.combine(
            Arbitraries.longs(),
            Arbitraries.longs(),
            Arbitraries.longs().injectNull(0.5),
            Arbitraries.maps(keys, slots).ofMaxSize(5))
        .as(
            (latest, change, blind, charged) ->
                new Contents(
                    latest,
                    change,
                    blind == null ? OptionalLong.empty() : OptionalLong.of(blind),
                    charged,
                    List.of()));
  }
}
