/**
 * JSON read strictly, once, by everything that judges it.
 *
 * <p>Parsers differ in what they forgive: JavaScript takes the last of two equal keys, some accept
 * comments, a byte order mark or {@code NaN}. Where the gate and the server read different things
 * from the same bytes, a call can slip past its policy. So this reader accepts only texts that
 * every conforming parser reads alike, and refuses the rest with the place named.
 */
package dev.tallygate.json;
