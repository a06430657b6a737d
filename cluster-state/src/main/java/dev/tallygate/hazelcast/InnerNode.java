package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceImpl;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.instance.impl.Node;

/** What lies behind Hazelcast's public interface. */
final class InnerNode {
  private InnerNode() {}

  static Node of(HazelcastInstance member) {
    HazelcastInstanceImpl instance =
        member instanceof HazelcastInstanceProxy proxy
            ? proxy.getOriginal()
            : (HazelcastInstanceImpl) member;
    return instance.node;
  }
}
