package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import java.io.IOException;
import java.util.concurrent.Callable;

/**
 * A question to the registry's part on one member.
 *
 * @param <R> the answer
 */
abstract class RegistryTask<R> implements Callable<R>, HazelcastInstanceAware {
  /** The id that the member had when it was asked: another process may be at its address now. */
  final String member;

  private transient HazelcastInstance here;

  RegistryTask(String member) {
    this.member = member;
  }

  abstract R ask(RegistryPart part) throws IOException;

  /** The answer of a member that has no part in the registry, yet or any more. */
  R withoutPart(String node) throws IOException {
    throw new IOException(node + " has no part in the registry now");
  }

  @Override
  public final void setHazelcastInstance(HazelcastInstance instance) {
    here = instance;
  }

  @Override
  public final R call() throws IOException {
    Member asked = here.getCluster().getLocalMember();
    if (!asked.getUuid().toString().equals(member)) {
      throw new IOException("the member that was asked is not here");
    }
    return here.getUserContext().get(RegistryPart.KEY) instanceof RegistryPart part
        ? ask(part)
        : withoutPart(ClusterConfig.nodeOf(asked));
  }
}
