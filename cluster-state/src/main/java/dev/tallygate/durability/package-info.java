/**
 * Counts written down, so that they outlive the processes that count. Knows databases; nothing of
 * Hazelcast, and nothing of what is counted beyond the table itself.
 */
package dev.tallygate.durability;
