package dev.tallygate.load.accuracy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hosts of their own for processes: network namespaces on a bridge, so that one can be cut off.
 * Needs Linux, root, and iproute2; without them all processes share loopback, and none can be.
 */
final class Network implements AutoCloseable {
  private static final String PREFIX = "tgacc-";

  /** Namespaces belong to the whole machine; another run may go on there. */
  private static final String OWN = PREFIX + ProcessHandle.current().pid() + "-";

  private static final String HUB = OWN + "hub";
  private static final Pattern ANY = Pattern.compile(PREFIX + "(\\d+)-\\w+");

  private final boolean separate;
  private final List<String> namespaces = new ArrayList<>();

  private Network(boolean separate) {
    this.separate = separate;
  }

  /** All processes share loopback, whatever the machine allows. */
  static Network shared() {
    return new Network(false);
  }

  /** A network for each process where the machine allows that. */
  static Network create() throws IOException, InterruptedException {
    Network network = new Network(canSeparate());
    if (network.separate) {
      sweep();
      network.namespace(HUB);
      run("ip", "-n", HUB, "link", "add", "br0", "type", "bridge");
      run("ip", "-n", HUB, "link", "set", "br0", "up");
    }
    return network;
  }

  private static boolean canSeparate() throws IOException, InterruptedException {
    Path ip = Path.of("/usr/sbin/ip");
    if (!Files.exists(ip) && !Files.exists(Path.of("/sbin/ip"))) {
      return false;
    }
    return tried("ip", "netns", "add", HUB) && tried("ip", "netns", "del", HUB);
  }

  boolean canBeCut() {
    return separate;
  }

  /** The address of a host, which is made if there is none of that number. */
  String host(int number) throws IOException, InterruptedException {
    if (!separate) {
      return "127.0.0.1";
    }
    String name = name(number);
    if (!namespaces.contains(name)) {
      namespace(name);
      run(
          "ip",
          "link",
          "add",
          "v0",
          "netns",
          name,
          "type",
          "veth",
          "peer",
          "name",
          port(number),
          "netns",
          HUB);
      run("ip", "-n", HUB, "link", "set", port(number), "master", "br0", "up");
      run("ip", "-n", name, "addr", "add", address(number) + "/24", "dev", "v0");
      run("ip", "-n", name, "link", "set", "v0", "up");
      run("ip", "-n", name, "link", "set", "lo", "up");
    }
    return address(number);
  }

  /** What to put before a command so that it runs on a host. */
  List<String> on(int number) {
    return separate ? List.of("ip", "netns", "exec", name(number)) : List.of();
  }

  /** Nothing goes to a host or comes from it. */
  void cutOff(int number) throws IOException, InterruptedException {
    run("ip", "-n", HUB, "link", "set", port(number), "down");
  }

  /** Ends {@link #cutOff}. */
  void heal(int number) throws IOException, InterruptedException {
    run("ip", "-n", HUB, "link", "set", port(number), "up");
  }

  /** What a host sends goes nowhere; what is sent to it arrives. */
  void mute(int number, List<Integer> others) throws IOException, InterruptedException {
    for (int other : others) {
      run(
          "ip",
          "-n",
          name(number),
          "neigh",
          "replace",
          address(other),
          "lladdr",
          "02:00:00:00:00:99",
          "dev",
          "v0",
          "nud",
          "permanent");
    }
  }

  /** Ends {@link #mute}. */
  void unmute(int number, List<Integer> others) throws IOException, InterruptedException {
    for (int other : others) {
      run("ip", "-n", name(number), "neigh", "del", address(other), "dev", "v0");
    }
  }

  private static String name(int number) {
    return OWN + number;
  }

  private static String port(int number) {
    return "p" + number;
  }

  private static String address(int number) {
    return "10.99.0." + (number + 1);
  }

  private void namespace(String name) throws IOException, InterruptedException {
    run("ip", "netns", "add", name);
    namespaces.add(name);
  }

  /** What runs that have ended left behind. */
  private static void sweep() throws IOException, InterruptedException {
    for (String line : said("ip", "netns", "list").split("\n")) {
      Matcher name = ANY.matcher(line.split(" ")[0]);
      if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
        tried("ip", "netns", "del", name.group());
      }
    }
  }

  private static boolean tried(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }

  private static void run(String... command) throws IOException, InterruptedException {
    said(command);
  }

  private static String said(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.trim());
    }
    return said;
  }

  @Override
  public void close() {
    for (String namespace : namespaces) {
      try {
        tried("ip", "netns", "del", namespace);
      } catch (IOException e) {
        System.err.println("load: network namespace " + namespace + " is left behind: " + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
