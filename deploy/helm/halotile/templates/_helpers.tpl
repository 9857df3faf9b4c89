{{- define "halotile.fullname" -}}
{{- if contains "halotile" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-halotile" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "halotile.selector" -}}
app.kubernetes.io/name: halotile
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "halotile.labels" -}}
{{ include "halotile.selector" . }}
app.kubernetes.io/version: {{ include "halotile.tag" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "halotile.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "halotile.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled }}{{ include "halotile.fullname" . }}-tls{{ else }}{{ .Values.tls.existingSecret }}{{ end }}
{{- end }}

{{/* HOST:PORT of every coordinator: a worker works for all of its own release and no other. */}}
{{- define "halotile.coordinators" -}}
{{- $name := include "halotile.fullname" . -}}
{{- $hosts := list -}}
{{- range $i := until (int .Values.coordinator.replicas) -}}
{{- $hosts = append $hosts (printf "%s-coordinator-%d.%s-coordinator.%s.svc:7070" $name $i $name $.Release.Namespace) -}}
{{- end -}}
{{- join "," $hosts -}}
{{- end }}

{{- define "halotile.roots" -}}
{{- $roots := list -}}
{{- range $name, $_ := .Values.storage.roots -}}
{{- $roots = append $roots (printf "%s=/roots/%s" $name $name) -}}
{{- end -}}
{{- join "," $roots -}}
{{- end }}

{{- define "halotile.rootMounts" -}}
{{- range $name, $_ := .Values.storage.roots }}
- { name: root-{{ $name }}, mountPath: /roots/{{ $name }} }
{{- end }}
{{- end }}

{{- define "halotile.rootVolumes" -}}
{{- range $name, $root := .Values.storage.roots }}
- name: root-{{ $name }}
  persistentVolumeClaim:
    claimName: {{ $root.existingClaim | default (printf "%s-root-%s" (include "halotile.fullname" $) $name) }}
{{- end }}
{{- end }}

{{- define "halotile.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "halotile.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "halotile.annotations" -}}
{{- if .Values.monitoring.annotations }}
prometheus.io/scrape: 'true'
prometheus.io/port: '9464'
{{- end }}
{{- end }}

{{- define "halotile.workerToken" -}}
{{- if .Values.auth.existingSecret }}
- name: HALOTILE_TOKEN
  valueFrom: { secretKeyRef: { name: {{ .Values.auth.existingSecret }}, key: worker-token } }
{{- end }}
{{- if include "halotile.tlsSecret" . }}
- { name: HALOTILE_TLS_CA, value: /etc/halotile/tls/ca.crt }
{{- end }}
{{- end }}

{{- define "halotile.extraEnv" -}}
{{- range $name, $value := . }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}
