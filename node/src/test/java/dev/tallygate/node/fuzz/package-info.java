/**
 * Fuzz targets: each takes bytes of a stranger and holds what was made of them against properties.
 * {@code mvn verify} runs them over the inputs that are kept beside them; {@code load-tests/fuzz}
 * lets Jazzer look for more.
 */
package dev.tallygate.node.fuzz;
