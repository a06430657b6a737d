/** What the status of each resource says. Pure: no clock, no network, no Kubernetes. */
package dev.tallygate.operator.status;
