/**
 * The way of a call: authenticate, read, decide, reserve, record, forward, settle.
 *
 * <p>{@link dev.tallygate.node.gate.Gate} shows it whole. A call is judged on one snapshot from
 * start to end; what it cannot be known to be allowed is refused; what the client sent is forwarded
 * byte for byte or not at all.
 */
package dev.tallygate.node.gate;
