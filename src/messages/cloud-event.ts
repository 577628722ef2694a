/**
 * CloudEvents 1.0 in Kafka's binary content mode: the attributes are headers, the value holds only
 * the data.
 */

export interface CloudEvent {
  /** The same for every repetition of the event. */
  id: string;
  type: string;
  /** ISO 8601. */
  time: string;
  subject?: string;
  /** URI of the value's JSON Schema. */
  dataSchema: string;
  /** W3C Trace Context; absent if the event belongs to no trace. */
  traceparent?: string | undefined;
}

export function toHeaders({
  id,
  type,
  time,
  subject,
  dataSchema,
  traceparent,
}: CloudEvent): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: '/docstream',
    ce_type: type,
    ce_time: time,
    ...(subject !== undefined && { ce_subject: subject }),
    ce_dataschema: dataSchema,
    'content-type': 'application/json',
    ...(traceparent !== undefined && { traceparent }),
  };
}
