/** One enforcement node, put together from its parts. */
package dev.tallygate.node;
