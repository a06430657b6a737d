package dev.tallygate.node.config;

import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Join;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import dev.tallygate.node.config.YamlNode.Scalar;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads {@code cluster}: the cluster that a node belongs to, and its place there. */
final class ClusterReader {
  static final List<String> KEYS =
      List.of(
          "role",
          "name",
          "dataMembers",
          "bind",
          "join",
          "secret",
          "heartbeat",
          "dataDir",
          "maxCutOff");

  static final List<String> BIND_KEYS = List.of("host", "port");
  static final List<String> JOIN_KEYS = List.of("members", "kubernetes");
  static final List<String> KUBERNETES_KEYS = List.of("serviceDns", "namespace", "service");
  static final List<String> HEARTBEAT_KEYS = List.of("interval", "timeout");

  private static final String DEFAULT_HOST = "127.0.0.1";
  private static final String UNREAD = "a secret that was not read";
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:-]{1,253}");
  private static final Pattern ALL_ADDRESSES = Pattern.compile("0(\\.0){0,3}|[0:]*::[0:]*|\\*");
  private static final Pattern PEER =
      Pattern.compile("([A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(:([0-9]{1,5}))?");
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127(\\.\\d{1,3}){3}|\\[::1])(:\\d+)?");
  private static final Pattern DNS_NAME = Pattern.compile("[A-Za-z0-9.-]{1,253}");

  private final Findings findings;
  private final Surroundings surroundings;

  ClusterReader(Findings findings, Surroundings surroundings) {
    this.findings = findings;
    this.surroundings = surroundings;
  }

  /**
   * Empty where the node stands alone, and where what is written is of no use; then there is a
   * finding.
   *
   * @param node its name
   */
  Optional<ClusterSettings> read(String node, Fields fields) {
    return fields
        .unlessOff(
            "role",
            "standalone",
            List.of("member", "gateway"),
            "nothing else of `cluster` counts; say member or gateway, or remove the other keys")
        .flatMap(role -> read(node, role.equals("member") ? Role.MEMBER : Role.GATEWAY, fields));
  }

  private Optional<ClusterSettings> read(String node, Role role, Fields fields) {
    Optional<String> name = fields.text("name");
    if (name.isPresent() && !ClusterSettings.NAME.matcher(name.get()).matches()) {
      fields.error("name", "must be 1 to 63 letters, digits, dots, dashes and underscores");
      name = Optional.empty();
    }
    Optional<Integer> dataMembers = dataMembers(fields);
    Optional<Join> join = join(fields);
    Optional<Bind> bind = bind(fields, join);
    Optional<Secret> secret = secret(fields);
    Optional<Fields> heartbeat = fields.fields("heartbeat", HEARTBEAT_KEYS);
    Duration interval =
        seconds(
            heartbeat,
            "interval",
            ClusterSettings.MIN_HEARTBEAT_INTERVAL,
            ClusterSettings.MAX_HEARTBEAT_INTERVAL,
            ClusterSettings.DEFAULT_HEARTBEAT_INTERVAL);
    Duration timeout =
        seconds(
            heartbeat,
            "timeout",
            ClusterSettings.MIN_HEARTBEAT_TIMEOUT,
            ClusterSettings.MAX_HEARTBEAT_TIMEOUT,
            ClusterSettings.DEFAULT_HEARTBEAT_TIMEOUT);
    if (timeout.compareTo(interval.multipliedBy(ClusterSettings.LOST_HEARTBEATS)) < 0) {
      fields.error(
          "heartbeat",
          "has a timeout of less than "
              + ClusterSettings.LOST_HEARTBEATS
              + " intervals, so that a short pause would count as a loss; raise it to "
              + Units.text(interval.multipliedBy(ClusterSettings.LOST_HEARTBEATS)));
      return Optional.empty();
    }
    Optional<Path> dataDir =
        fields
            .text("dataDir")
            .flatMap(written -> ConfigReader.path(fields, "dataDir", written, surroundings));
    if (dataMembers.isEmpty() || bind.isEmpty() || join.isEmpty() || secret.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ClusterSettings(
            node,
            name.orElse(ClusterSettings.DEFAULT_NAME),
            role,
            dataMembers.get(),
            bind.get(),
            join.get(),
            secret.get(),
            interval,
            timeout,
            dataDir));
  }

  private static Optional<Integer> dataMembers(Fields fields) {
    fields.require("dataMembers", "say how many members hold data, on all alike: dataMembers: 3");
    Optional<Integer> count =
        fields.wholeNumber("dataMembers", 1, ClusterSettings.MAX_DATA_MEMBERS);
    if (count.isPresent() && count.get() % 2 == 0) {
      int lost = (count.get() - 1) / 2;
      fields.warning(
          "dataMembers",
          "bears the loss of "
              + lost
              + ", as "
              + (count.get() - 1)
              + " would; an odd number is better");
    }
    return count;
  }

  private Optional<Bind> bind(Fields fields, Optional<Join> join) {
    Optional<Fields> bind = fields.fields("bind", BIND_KEYS);
    int port =
        bind.flatMap(b -> b.wholeNumber("port", 1, 65_535)).orElse(ClusterSettings.DEFAULT_PORT);
    if (bind.isEmpty() || bind.get().text("host").isEmpty()) {
      if (join.isPresent() && !isOnThisHost(join.get())) {
        bind.orElse(fields)
            .wrong(
                "the members are on other hosts, which cannot reach 127.0.0.1; give this host's"
                    + " address: bind: { host: 10.0.0.11 }");
        return Optional.empty();
      }
      return Optional.of(new Bind(DEFAULT_HOST, port));
    }
    Optional<String> host = followed(bind.get(), "host");
    if (host.isPresent() && !HOST.matcher(host.get()).matches()) {
      bind.get().error("host", "must be a host name or an IP address of this host");
      return Optional.empty();
    }
    if (host.isPresent() && ALL_ADDRESSES.matcher(host.get()).matches()) {
      bind.get()
          .error(
              "host", "stands for all addresses; name the one at which the others reach this node");
      return Optional.empty();
    }
    return host.map(at -> new Bind(at, port));
  }

  private static boolean isOnThisHost(Join join) {
    return join instanceof Join.Members list
        && list.members().stream().allMatch(member -> LOOPBACK.matcher(member).matches());
  }

  private static Optional<Join> join(Fields fields) {
    fields.require(
        "join", "say how the others are found: join: { members: [10.0.0.11, 10.0.0.12] }");
    Optional<Fields> join = fields.fields("join", JOIN_KEYS);
    if (join.isEmpty()) {
      return Optional.empty();
    }
    boolean byList = join.get().mapping().value("members").isPresent();
    boolean byKubernetes = join.get().mapping().value("kubernetes").isPresent();
    if (byList == byKubernetes) {
      fields.error("join", "must hold either members or kubernetes");
      return Optional.empty();
    }
    return byList
        ? members(join.get())
        : join.get().fields("kubernetes", KUBERNETES_KEYS).flatMap(ClusterReader::kubernetes);
  }

  private static Optional<Join> members(Fields join) {
    Optional<List<String>> members = join.texts("members");
    if (members.isEmpty()) {
      return Optional.empty();
    }
    if (members.get().isEmpty()) {
      join.error("members", "must name one data member at least");
      return Optional.empty();
    }
    for (String member : members.get()) {
      var peer = PEER.matcher(member);
      if (!peer.matches()
          || peer.group(3) != null
              && (Integer.parseInt(peer.group(3)) < 1
                  || Integer.parseInt(peer.group(3)) > 65_535)) {
        join.error(
            "members",
            "has \""
                + member
                + "\", which is not a host; write it as 10.0.0.11, host.example.org"
                + " or [fd00::11]:5701");
        return Optional.empty();
      }
    }
    return Optional.of(new Join.Members(members.get()));
  }

  private static Optional<Join> kubernetes(Fields fields) {
    Optional<String> dns = name(fields, "serviceDns");
    Optional<String> namespace = name(fields, "namespace");
    Optional<String> service = name(fields, "service");
    if (dns.isPresent() && namespace.isEmpty() && service.isEmpty()) {
      return Optional.of(new Join.ServiceDns(dns.get()));
    }
    if (dns.isEmpty() && namespace.isPresent() && service.isPresent()) {
      return Optional.of(new Join.Service(namespace.get(), service.get()));
    }
    fields.wrong("must hold either serviceDns, or namespace and service");
    return Optional.empty();
  }

  private static Optional<String> name(Fields fields, String key) {
    Optional<String> name = fields.text(key);
    if (name.isPresent() && !DNS_NAME.matcher(name.get()).matches()) {
      fields.error(key, "must be a name of letters, digits, dots and dashes");
    }
    return name;
  }

  private Optional<Secret> secret(Fields fields) {
    fields.require(
        "secret",
        "without one anybody could join; `openssl rand -hex 32` makes one: secret:"
            + " \"${file:/run/secrets/cluster}\"");
    if (fields.text("secret").isEmpty()) {
      return Optional.empty();
    }
    Optional<String> secret = followed(fields, "secret");
    if (!surroundings.followed()) {
      return Optional.of(new Secret(UNREAD));
    }
    if (secret.isPresent() && secret.get().length() < Secret.MIN_LENGTH) {
      fields.error(
          "secret",
          "has fewer than "
              + Secret.MIN_LENGTH
              + " characters; `openssl rand -hex 32` makes one that nobody guesses");
      return Optional.empty();
    }
    return secret.map(Secret::new);
  }

  private Optional<String> followed(Fields fields, String key) {
    return fields
        .node(key)
        .filter(Scalar.class::isInstance)
        .flatMap(
            node ->
                new References(findings, surroundings).follow(fields.pointer(key), (Scalar) node));
  }

  private static Duration seconds(
      Optional<Fields> fields, String key, Duration min, Duration max, Duration otherwise) {
    Optional<Duration> duration = fields.flatMap(each -> each.duration(key, min, max));
    if (duration.isPresent() && duration.get().toMillis() % 1000 != 0) {
      fields.get().error(key, "must be whole seconds");
      return otherwise;
    }
    return duration.orElse(otherwise);
  }
}
