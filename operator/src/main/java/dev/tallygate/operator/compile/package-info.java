/** Makes the registry's content of resources. Pure: no clock, no network, no Kubernetes. */
package dev.tallygate.operator.compile;
