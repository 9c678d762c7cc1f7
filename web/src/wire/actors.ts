// The readiness of a pod, from `/ready`.

/** Whether the pod takes new work, and why not. */
export interface Readiness {
  ready: boolean;
  reason: string | undefined;
}
