package dev.tallygate.operator.resources;

import java.util.Comparator;

/** A resource of the namespace, by kind and name. */
public record Ref(Kind kind, String name) implements Comparable<Ref> {
  private static final Comparator<Ref> ORDER =
      Comparator.comparing(Ref::kind).thenComparing(Ref::name);

  @Override
  public int compareTo(Ref other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return kind.singular() + " " + name;
  }
}
