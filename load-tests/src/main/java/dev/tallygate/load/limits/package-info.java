/** Measures what deciding by a shared limit costs, beside other limiters that are shared. */
package dev.tallygate.load.limits;
