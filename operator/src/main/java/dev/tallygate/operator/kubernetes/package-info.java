/** The only package that knows Kubernetes: watches resources, and writes what is reported. */
package dev.tallygate.operator.kubernetes;
