package problem

// Body is a problem as a response has it.
type Body struct {
	Code      Code    `json:"code"`
	Message   string  `json:"message"`
	RequestID string  `json:"request_id,omitempty"`
	Broker    *Broker `json:"broker,omitempty"`
	Details   any     `json:"details,omitempty"`
}

// Body returns the problem as the response to a request has it.
func (p *Problem) Body(requestID string) Body {
	return Body{Code: p.Code, Message: p.Message, RequestID: requestID, Broker: p.Broker, Details: p.Details}
}
