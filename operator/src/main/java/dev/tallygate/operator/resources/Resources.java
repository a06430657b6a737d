package dev.tallygate.operator.resources;

import java.util.Map;
import java.util.Optional;

/**
 * Everything in the namespace that the registry is made of, at one moment. Immutable.
 *
 * @param namespace that all of it is in
 * @param all the resources
 * @param secrets data of Secrets, decoded, by name and key
 * @param madeFor by Secret, the uid of the Grant that it was made for and goes with
 * @param configMaps data of ConfigMaps, by name and key
 */
public record Resources(
    String namespace,
    Map<Ref, Resource> all,
    Map<String, Map<String, String>> secrets,
    Map<String, String> madeFor,
    Map<String, Map<String, String>> configMaps) {
  public Resources {
    all = Map.copyOf(all);
    secrets = Map.copyOf(secrets);
    madeFor = Map.copyOf(madeFor);
    configMaps = Map.copyOf(configMaps);
  }

  public Optional<Resource> find(Kind kind, String name) {
    return Optional.ofNullable(all.get(new Ref(kind, name)));
  }

  @Override
  public String toString() {
    return "Resources[" + all.keySet() + "]"; // Secrets are not to be shown
  }
}
