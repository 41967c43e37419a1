{{- define "lynqflow.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "lynqflow.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "lynqflow.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "lynqflow.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "lynqflow.namespace" -}}
{{- default .Release.Namespace .Values.namespace.name }}
{{- end }}

{{- define "lynqflow.selectorLabels" -}}
app.kubernetes.io/name: {{ include "lynqflow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end }}

{{- define "lynqflow.checkSelectorLabels" -}}
app.kubernetes.io/name: {{ include "lynqflow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: uninstall-check
{{- end }}

{{- /* The name of a Job becomes a label of its pods, of at most 63 characters. */}}
{{- define "lynqflow.checkName" -}}
{{- include "lynqflow.fullname" . | trunc 47 | trimSuffix "-" }}-uninstall-check
{{- end }}

{{- define "lynqflow.labels" -}}
{{- include "lynqflow.labelsWith" (list . dict) }}
{{- end }}

{{- /* A key that several of them have stands once: what selectors choose by stays, then labels of this object, then those of all. */}}
{{- define "lynqflow.labelsWith" -}}
{{- $root := index . 0 }}
{{- $fixed := include "lynqflow.selectorLabels" $root | fromYaml }}
{{- $_ := set $fixed "app.kubernetes.io/managed-by" $root.Release.Service }}
{{- $version := dict "app.kubernetes.io/version" $root.Chart.AppVersion }}
{{- toYaml (merge (dict) $fixed (index . 1 | default dict) ($root.Values.commonLabels | default dict) $version) }}
{{- end }}

{{- /* Of the check before an uninstall. */}}
{{- define "lynqflow.checkLabelsWith" -}}
{{- $root := index . 0 }}
{{- $fixed := include "lynqflow.checkSelectorLabels" $root | fromYaml }}
{{- toYaml (merge (dict) $fixed (index . 1 | default dict) ($root.Values.commonLabels | default dict)) }}
{{- end }}

{{- define "lynqflow.annotations" -}}
{{- include "lynqflow.annotationsWith" (list . dict) }}
{{- end }}

{{- /* Those of this object, then those of all; either may have nothing under its key. */}}
{{- define "lynqflow.annotationsWith" -}}
{{- with merge (dict) (index . 1 | default dict) ((index . 0).Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "lynqflow.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "lynqflow.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "lynqflow.image" -}}
{{- $image := printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- if .Values.image.registry }}{{ printf "%s/%s" .Values.image.registry $image }}{{ else }}{{ $image }}{{ end }}
{{- end }}

{{- define "lynqflow.gracePeriod" -}}
{{- .Values.terminationGracePeriodSeconds | default 40 | int }}
{{- end }}

{{- define "lynqflow.port" -}}
{{- regexReplaceAll "^.*:" . "" }}
{{- end }}

{{- /* Where the pods of the worker and of the check before an uninstall may run. */}}
{{- define "lynqflow.scheduling" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What an installation is known by: as the worker has it, manager.env included. */}}
{{- define "lynqflow.installationEnv" -}}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
- name: LYNQ_TASK_QUEUE
  value: {{ .Values.temporal.taskQueue | quote }}
{{- range .Values.manager.env }}
{{- if has .name (list "TEMPORAL_NAMESPACE" "LYNQ_TASK_QUEUE") }}
{{ toYaml (list .) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "lynqflow.temporalEnv" -}}
- name: TEMPORAL_ADDRESS
  value: {{ .Values.temporal.address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- if .Values.temporal.tls.enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- with .Values.temporal.tls.serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- if .Values.temporal.tls.secretName }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /etc/lynqflow/temporal-tls/tls.crt
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /etc/lynqflow/temporal-tls/tls.key
{{- end }}
{{- if .Values.temporal.tls.caSecretName }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /etc/lynqflow/temporal-ca/ca.crt
{{- else if .Values.temporal.tls.ca }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /etc/lynqflow/temporal-tls/ca.crt
{{- end }}
{{- end }}
{{- with .Values.temporal.apiKey }}
{{- if .secretName }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .secretName }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
