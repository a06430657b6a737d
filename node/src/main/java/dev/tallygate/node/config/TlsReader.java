package dev.tallygate.node.config;

import dev.tallygate.node.config.NodeConfig.Tls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code listen.tls}: a certificate with its chain, and the key that belongs to it. */
final class TlsReader {
  static final List<String> KEYS = List.of("certificate", "key");

  private static final int MAX_BYTES = 1024 * 1024;
  private static final Pattern PRIVATE_KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private final Surroundings surroundings;

  TlsReader(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** Empty where the files are not read, or are of no use; then there is a finding. */
  Optional<Tls> read(Fields fields) {
    Optional<String> certificate =
        text(fields, "certificate", "name the PEM file of the certificate and its chain");
    Optional<String> key = text(fields, "key", "name the PEM file of the certificate's key");
    Optional<PublicKey> shown = certificate.flatMap(pem -> publicKey(fields, pem));
    if (shown.isEmpty() || key.isEmpty() || !belongs(fields, key.get(), shown.get())) {
      return Optional.empty();
    }
    return Optional.of(new Tls(certificate.get(), key.get()));
  }

  private Optional<String> text(Fields fields, String key, String cure) {
    Optional<String> written = fields.requiredText(key, cure);
    if (written.isEmpty() || !surroundings.followed()) {
      return Optional.empty();
    }
    try {
      byte[] pem = surroundings.read(surroundings.path(written.get()), MAX_BYTES);
      return Optional.of(new String(pem, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      fields.error(key, "names " + written.get() + ", which " + e.getMessage());
      return Optional.empty();
    }
  }

  /** The key that clients will see: the first certificate is the node's own. */
  private static Optional<PublicKey> publicKey(Fields fields, String pem) {
    try {
      Collection<? extends Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1)));
      if (!chain.isEmpty()) {
        X509Certificate own = (X509Certificate) chain.iterator().next();
        if (own.getNotAfter().toInstant().isBefore(Instant.now())) {
          fields.warning("certificate", "has expired; clients will not connect");
        }
        return Optional.of(own.getPublicKey());
      }
    } catch (CertificateException e) {
      // Said below.
    }
    fields.error("certificate", "must name a file of certificates in PEM, the node's own first");
    return Optional.empty();
  }

  private static boolean belongs(Fields fields, String pem, PublicKey shown) {
    Matcher written = PRIVATE_KEY.matcher(pem);
    if (!written.find()) {
      fields.error(
          "key",
          "must name a file with a key in PKCS #8, without a password (BEGIN PRIVATE KEY); for"
              + " another form: openssl pkcs8 -topk8 -nodes -in OLD.pem -out NEW.pem");
      return false;
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(written.group(1));
      PrivateKey key =
          KeyFactory.getInstance(shown.getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(der));
      if (opens(key, shown)) {
        return true;
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // A key of another algorithm, or none: it does not belong either.
    }
    fields.error("key", "names a key that does not belong to the certificate");
    return false;
  }

  private static boolean opens(PrivateKey key, PublicKey shown) throws GeneralSecurityException {
    byte[] anything = {1, 2, 3};
    Signature signature =
        Signature.getInstance(
            switch (key.getAlgorithm()) {
              case "RSA" -> "SHA256withRSA";
              case "EC" -> "SHA256withECDSA";
              default -> key.getAlgorithm();
            });
    signature.initSign(key);
    signature.update(anything);
    byte[] signed = signature.sign();
    signature.initVerify(shown);
    signature.update(anything);
    return signature.verify(signed);
  }
}
