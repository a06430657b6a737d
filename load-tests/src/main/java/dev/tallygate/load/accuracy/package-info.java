/**
 * Whether limits hold over several nodes, in calm and under faults: what load-tests/accuracy runs.
 */
package dev.tallygate.load.accuracy;
