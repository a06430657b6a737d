package dev.tallygate.operator.gateway;

/** No gateway took the request, or the cluster has no majority; it may be tried again. */
public final class GatewayUnreachable extends Exception {
  private static final long serialVersionUID = 1L;

  public GatewayUnreachable(String message, Throwable cause) {
    super(message, cause);
  }
}
