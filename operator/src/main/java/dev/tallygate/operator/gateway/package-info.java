/** Speaks to the admin address of the gateways. */
package dev.tallygate.operator.gateway;
