package dev.tallygate.hazelcast;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What processes must agree on to be of one cluster, as they show it to each other at the door.
 *
 * <p>It proves to a member that a process was given the secret. It does not hide it from those who
 * can read the network: what is shown can be shown again.
 *
 * @param hazelcast version, as far as members must agree on it
 * @param ledgerFormat how counts are written
 * @param dataMembers of which more than half are a quorum
 * @param secretDigest keyed by the secret, so that it tells nothing of a secret that is hard to
 *     guess
 */
record MemberPass(String hazelcast, int ledgerFormat, int dataMembers, String secretDigest) {
  /** To be raised when counts are written so that an older release cannot read them. */
  static final int LEDGER_FORMAT = 5;

  private static final int DIGEST_BYTES = 16;
  private static final Pattern TEXT =
      Pattern.compile(
          "tallygate hazelcast=(\\d+\\.\\d+) ledger=(\\d{1,9}) dataMembers=(\\d{1,9})"
              + " secret=([0-9a-f]{32})");

  static MemberPass of(ClusterSettings settings) {
    return new MemberPass(
        ClusterConfig.hazelcastMinor(),
        LEDGER_FORMAT,
        settings.dataMembers(),
        digest(settings.secret(), settings.name()));
  }

  private static String digest(ClusterSettings.Secret secret, String cluster) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.value().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] digest =
          mac.doFinal(("tallygate cluster " + cluster).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  String text() {
    return "tallygate hazelcast="
        + hazelcast
        + " ledger="
        + ledgerFormat
        + " dataMembers="
        + dataMembers
        + " secret="
        + secretDigest;
  }

  /** The first pass in a text. */
  static Optional<MemberPass> find(String text) {
    Matcher found = TEXT.matcher(text);
    return found.find()
        ? Optional.of(
            new MemberPass(
                found.group(1),
                Integer.parseInt(found.group(2)),
                Integer.parseInt(found.group(3)),
                found.group(4)))
        : Optional.empty();
  }

  /** What a process with this pass has to change to be let in by one with {@code theirs}. */
  List<String> cures(MemberPass theirs) {
    List<String> cures = new ArrayList<>();
    if (!hazelcast.equals(theirs.hazelcast)) {
      cures.add(
          "it has Hazelcast "
              + hazelcast
              + ", the cluster "
              + theirs.hazelcast
              + ": start a cluster of its own beside the other (docs/cluster.md)");
    }
    if (ledgerFormat != theirs.ledgerFormat) {
      cures.add(
          "it writes counts in format "
              + ledgerFormat
              + ", the cluster in "
              + theirs.ledgerFormat
              + ": start a cluster of its own beside the other (docs/cluster.md)");
    }
    if (dataMembers != theirs.dataMembers) {
      cures.add("its `dataMembers` is " + dataMembers + ", the cluster's " + theirs.dataMembers);
    }
    if (!secretDigest.equals(theirs.secretDigest)) {
      cures.add("its `secret` is not the cluster's");
    }
    return cures;
  }
}
