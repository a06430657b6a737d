/**
 * Attacks on the gate, one class each, numbered as in the table of SECURITY.md.
 *
 * <p>Each asserts what the attacker is answered, that the server's own log shows nothing of it, and
 * what the audit log says. Each class tells what happens where its defence is taken out.
 */
package dev.tallygate.node.attack;
