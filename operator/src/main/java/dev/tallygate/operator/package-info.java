/** Turns Kubernetes resources into the registry of a cluster, and reports what is enforced. */
package dev.tallygate.operator;
