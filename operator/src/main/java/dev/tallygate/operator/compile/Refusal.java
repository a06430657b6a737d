package dev.tallygate.operator.compile;

/**
 * A node refused what a resource would be in the registry.
 *
 * @param content that was refused; another may be in order
 * @param message why, for people
 */
public record Refusal(Content content, String message) {}
