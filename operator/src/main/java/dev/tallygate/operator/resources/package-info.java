/** Resources of a namespace as they are. Pure: neither Kubernetes nor a network in here. */
package dev.tallygate.operator.resources;
