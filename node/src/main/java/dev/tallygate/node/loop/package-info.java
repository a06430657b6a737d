/** Event loops on which nobody waits long for others. */
package dev.tallygate.node.loop;
