{{- define "tallygate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tallygate.selectorLabels" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "tallygate.labels" -}}
{{ include "tallygate.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tallygate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.registry }}{{ trimSuffix "/" $image.registry }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}

{{- define "tallygate.serviceAccount" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- if $account.create -}}
{{- default (printf "%s-%s" (include "tallygate.fullname" .root) .component) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{- define "tallygate.clusterSecretName" -}}
{{- default (printf "%s-cluster-secret" (include "tallygate.fullname" .)) .Values.cluster.secret.existingSecret -}}
{{- end -}}

{{- define "tallygate.adminTokenName" -}}
{{- default (printf "%s-admin-token" (include "tallygate.fullname" .)) .Values.admin.token.existingSecret -}}
{{- end -}}

{{- /* What each pod has to be: not root, and nothing that it does not need. */ -}}
{{- define "tallygate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
# Otherwise the kubelet opens the audit key to the group, and the gateway refuses it.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tallygate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* The image's entry is java, so its options stand before the jar. */ -}}
{{- define "tallygate.jvm" -}}
- -Xmx{{ .maxHeap }}
- -XX:ActiveProcessorCount={{ .processors }}
{{- range .options }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "tallygate.nodeEnv" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- if eq .Values.log.format "json" }}
- name: TALLYGATE_LOG
  value: json
{{- end }}
{{- end -}}

{{- define "tallygate.scheduling" -}}
{{- $part := index .root.Values .component -}}
{{- with $part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "tallygate.spread" -}}
{{- $part := index .root.Values .component -}}
topologySpreadConstraints:
{{- if $part.topologySpreadConstraints }}
  {{- toYaml $part.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tallygate.selectorLabels" $ | nindent 8 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tallygate.probes" -}}
# A restart helps no process that waits for a quorum, so only one that does not answer is started again.
startupProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{- /* The part of a node's file that says to which cluster it belongs. */ -}}
{{- define "tallygate.cluster" -}}
role: {{ .role }}
name: {{ default (include "tallygate.fullname" .root) .root.Values.cluster.name | quote }}
dataMembers: {{ .root.Values.state.replicas }}
bind: { host: "${env:POD_IP}" }
join: { kubernetes: { serviceDns: {{ include "tallygate.fullname" .root }}-state.{{ .root.Release.Namespace }}.svc } }
secret: "${file:/run/secrets/tallygate/cluster-secret}"
heartbeat:
  interval: {{ .root.Values.cluster.heartbeat.interval }}
  timeout: {{ .root.Values.cluster.heartbeat.timeout }}
maxCutOff: {{ .root.Values.cluster.maxCutOff }}
{{- end -}}

{{- /*
Makes a secret once. What is there already is kept; where it cannot be known whether one is there, none is made: another one
at each rendering would split the cluster.
*/ -}}
{{- define "tallygate.madeOnce" -}}
{{- $there := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- if and $there (hasKey ($there.data | default dict) .key) -}}
{{- index $there.data .key -}}
{{- else if $there -}}
{{- fail (printf "%s.key: the Secret %s has no key %s (it has: %s), and another secret made here would split the cluster. Name the key that holds it, or put it there under this one too" .value .name .key (keys ($there.data | default dict) | sortAlpha | join ", " | default "none")) -}}
{{- else if not (lookup "v1" "Service" "default" "kubernetes") -}}
{{- fail (printf "%s.existingSecret is needed here: without a connection to the Kubernetes cluster (helm template, Argo CD) it cannot be known whether a secret was made before. Make one: kubectl create secret generic %s --from-literal=%s=$(openssl rand -hex 32)" .value .name .key) -}}
{{- else -}}
{{- randAlphaNum 48 | b64enc -}}
{{- end -}}
{{- end -}}
