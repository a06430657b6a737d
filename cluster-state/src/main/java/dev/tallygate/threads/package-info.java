/** Threads of the background. */
package dev.tallygate.threads;
