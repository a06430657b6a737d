package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.audit.CanonicalArguments;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Reading what a client sent. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ReadingBenchmark {
  @Param({"small", "4 KB"})
  public String arguments;

  private byte[] message;
  private JsonNode parsed;

  /** Writes the message. */
  @Setup
  public void write() {
    message = Samples.message(arguments.equals("4 KB"));
    parsed = Samples.arguments(arguments.equals("4 KB"));
  }

  /** The strict JSON reader alone. */
  @Benchmark
  public JsonNode strictJson() throws JsonRefused {
    return StrictJson.read(message, JsonBounds.REQUEST);
  }

  /** The whole message, with every check of MCP. */
  @Benchmark
  public McpMessage message() throws MessageRefused {
    return MessageReader.read(message, JsonBounds.REQUEST);
  }

  /** The one spelling of the arguments that their digest is made of. */
  @Benchmark
  public byte[] canonicalArguments() {
    return CanonicalArguments.bytes(parsed);
  }
}
