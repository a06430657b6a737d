/** Measures what the gate costs, beside the same calls without it. */
package dev.tallygate.load;
